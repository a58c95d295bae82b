/** A shape with its kind: `perSample` values exist once per sample of the batch, which the shape leaves out. */
export interface Shaped {
  readonly shape: readonly number[];
  readonly perSample: boolean;
}

/** What a graph node records: JSON values only. Each op declares its own interface. */
// biome-ignore lint/suspicious/noEmptyInterface: the common base of all attribute interfaces
export interface Attributes {}

/** Named numbers, resolved from attributes and shapes: exactly the fields of the op's native struct. */
export type Geometry = Readonly<Record<string, number>>;

/** Memory of one step in the TypeScript engine; sample values hold the whole batch, sample after sample. */
export interface KernelArgs {
  readonly geometry: Geometry;
  /** 1 where all inputs are shared. */
  readonly batch: number;
  /** A shared value is exactly as long as its shape says. */
  readonly inputs: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
  /** Per input: its floats, of one sample where it has samples. */
  readonly inputSizes: readonly number[];
  /** Per input: floats from one sample to the next, 0 for a shared input. */
  readonly inputStrides: readonly number[];
  /**
   * Per input: floats from one row to the next, also from the last row of a sample to the first of the next; 0 where
   * nothing lies between them. Other numbers are given to `pitched` inputs only.
   */
  readonly inputPitches: readonly number[];
  /** The same of the first output. */
  readonly outputStride: number;
  readonly outputPitch: number;
  /** What `pack` returned for the weights of this step. */
  readonly packed: Float32Array;
}

/** Memory for `length` floats. */
export type Make = (length: number) => Float32Array;

/** A word of the graph's language: a name with a shape rule. */
export interface Word<A extends Attributes = Attributes> {
  readonly id: string;
  /**
   * Shape rule: the outputs' shapes, or a ShapeError or OptionError that says what does not fit. The message begins
   * with the rule; who builds the graph puts the layer before it.
   */
  infer(attributes: A, inputs: readonly Shaped[]): readonly Shaped[];
}

/** A word with kernels: attributes, shape rule, geometry, TypeScript kernel. One file each. */
export interface Op<A extends Attributes = Attributes> extends Word<A> {
  /** Fields of the geometry: int32 first, then float32, in the order of the native struct. */
  readonly ints: readonly string[];
  readonly floats: readonly string[];
  geometry(attributes: A, inputs: readonly Shaped[], outputs: readonly Shaped[]): Geometry;
  /** Index of the input that is packed (weights), where there is one, and how to pack it: `weights` or memory from `make`. */
  readonly packs?: number;
  pack?(geometry: Geometry, weights: Float32Array, make?: Make): Float32Array;
  /** Inputs over which the first output may lie where sizes agree: of them, out[i] depends on in[i] alone. */
  readonly inPlace?: readonly number[];
  /** Inputs, and whether outputs too, whose rows (the last axis) may lie some floats apart: parts of bigger values. */
  readonly pitched?: { readonly inputs: readonly number[]; readonly output: boolean };
  run(args: KernelArgs): void;
}
