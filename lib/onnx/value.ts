import type { Numbers } from '../formats/onnx/file.js';
import type { DataType } from '../tensor.js';

/** The batch as a length: only the first axis of a value can have it. */
export const batch = 'n';

export type Length = number | typeof batch;

/** Numbers that are known when the graph is imported: constants, shapes, and what is computed from them. */
export interface Known {
  readonly kind: 'known';
  readonly type: DataType;
  readonly shape: readonly number[];
  /** As many as the shape says; never written once made. */
  readonly data: Numbers;
  /** True where `data` takes memory only once it is read: a filling, which weights of light files are spelled as. */
  readonly filling?: boolean | undefined;
  /** Element i stands for `data[i] + batches[i] * n`, n being the batch: how shapes with a free batch are computed. */
  readonly batches?: Float64Array | undefined;
}

/** A value that exists when the model runs. The engine holds it in float32: integers and booleans as such numbers. */
export interface Flowing {
  readonly kind: 'flowing';
  readonly type: DataType;
  /** The whole ONNX shape; begins with `batch` where the samples of a free batch are computed one by one. */
  readonly shape: readonly Length[];
  /** Its id in the graph, whose value has the same shape without a `batch` in front. */
  readonly id: number;
}

export type Value = Known | Flowing;
