import type { OnnxAttribute, OnnxPort, OnnxTensor } from './file.js';

/** An attribute as it stands in the file. */
export type RawAttribute =
  | OnnxAttribute
  /** A branch or the body of a loop. */
  | { readonly kind: 'graph'; readonly value: RawGraph }
  /** The value is that of the attribute of this name of the node which calls the function around it. */
  | { readonly kind: 'reference'; readonly value: string };

/** A node as it stands in the file; its name may be '' or that of another. */
export interface RawNode {
  readonly op: string;
  /** Which of several functions of one name is meant. */
  readonly overload?: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, RawAttribute>;
}

export interface RawGraph {
  readonly name: string;
  readonly nodes: readonly RawNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Without those that are initializers. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

/** An operator that the file itself defines. */
export interface RawFunction {
  /** As nodes name it. */
  readonly op: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that a caller may leave out. */
  readonly defaults: ReadonlyMap<string, RawAttribute>;
  readonly nodes: readonly RawNode[];
  /** The opset of ONNX's own operators in it; undefined where it imports none. */
  readonly opset: number | undefined;
}
