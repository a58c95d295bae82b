import { ModelFileError, show } from '../errors.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../formats/onnx/file.js';

type Kind = OnnxAttribute['kind'];
type ValueOf<K extends Kind> = Extract<OnnxAttribute, { readonly kind: K }>['value'];

/** One node as the rules of its operator read it: attributes with their defaults, and errors that name the node. */
export interface NodeScope {
  readonly node: OnnxNode;
  readonly op: string;
  readonly opset: number;
  /** How many elements the file's weights and the known inputs have: results of a few times as many are in proportion. */
  readonly given: number;
  has(name: string): boolean;
  /** Without a fallback the attribute has to be there; of another kind than asked for it is an error either way. */
  int(name: string, fallback?: number): number;
  float(name: string, fallback?: number): number;
  string(name: string, fallback?: string): string;
  ints(name: string, fallback?: readonly number[]): readonly number[];
  floats(name: string, fallback?: readonly number[]): readonly number[];
  tensor(name: string): OnnxTensor;
  /** Throws a ModelFileError: `node 3 (Conv "conv1"): <rule>`. */
  fail(rule: string): never;
}

/** `index` is the node's place in the file. */
export function nodeScope(node: OnnxNode, index: number, opset: number, given = 0): NodeScope {
  const fail = (rule: string): never => {
    throw new ModelFileError(`node ${index} (${node.op} ${show(node.name)}): ${rule}`);
  };
  const read = <K extends Kind>(kind: K, name: string, fallback: ValueOf<K> | undefined): ValueOf<K> => {
    const found = node.attributes.get(name);
    if (found === undefined) {
      return fallback ?? fail(`expected an attribute ${show(name)}, got none`);
    }
    if (found.kind !== kind) return fail(`expected attribute ${show(name)} to be ${kind}, got ${found.kind}`);
    return found.value as ValueOf<K>;
  };
  return Object.freeze({
    node,
    op: node.op,
    opset,
    given,
    has: (name: string) => node.attributes.has(name),
    int: (name: string, fallback?: number) => read('int', name, fallback),
    float: (name: string, fallback?: number) => read('float', name, fallback),
    string: (name: string, fallback?: string) => read('string', name, fallback),
    ints: (name: string, fallback?: readonly number[]) => read('ints', name, fallback),
    floats: (name: string, fallback?: readonly number[]) => read('floats', name, fallback),
    tensor: (name: string) => read('tensor', name, undefined),
    fail,
  });
}
