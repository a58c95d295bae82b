import { ModelFileError, show } from '../errors.js';
import { arrays, isDataType } from '../formats/onnx/element-types.js';
import type { Numbers, OnnxTensor } from '../formats/onnx/file.js';
import { type DataType, sizeOf } from '../tensor.js';
import { newNumbers } from './evaluate/known.js';
import { NotBatched } from './not-batched.js';
import type { Known } from './value.js';

/** An initializer or attribute; `who` names it in the error for a type that is none of ours. */
export function knownOf(who: string, { type, shape, data }: OnnxTensor): Known {
  if (!isDataType(type) || !data) {
    throw new ModelFileError(
      `${who}: expected numbers of type ${Object.keys(arrays).join(', ')}, got ${show(type)}`,
    );
  }
  return { kind: 'known', type, shape, data };
}

/** A value without numbers: some length is 0. Nothing flows there. */
export function emptyKnown(type: DataType, shape: readonly number[]): Known {
  return { kind: 'known', type, shape, data: newNumbers(type, 0) };
}

/** True where the numbers depend on the free batch. */
export function dependsOnBatch({ batches }: Known): boolean {
  return batches?.some((count) => count !== 0) ?? false;
}

/** The numbers as such; NotBatched where they depend on the free batch. Meant for shapes and other short lists. */
export function numbersOf(known: Known): number[] {
  if (dependsOnBatch(known)) throw new NotBatched('numbers depend on the batch');
  return Array.from(known.data, Number);
}

/** The numbers as the engine holds them; float32 ones are not copied. */
export function floatsOf(known: Known): Float32Array {
  if (dependsOnBatch(known)) throw new NotBatched('numbers depend on the batch');
  const { data } = known;
  return data instanceof Float32Array ? data : Float32Array.from(data as Iterable<number | bigint>, Number);
}

/** Each number by itself, in float32. */
export function mapped(known: Known, of: (value: number) => number): Known {
  return { kind: 'known', type: 'float32', shape: known.shape, data: floatsOf(known).map(of) };
}

/** Axis i of the result is axis `axes[i]`. */
export function transposedKnown(known: Known, axes: readonly number[]): Known {
  const { shape, data } = known;
  const result = axes.map((axis) => shape[axis] as number);
  const strides = axes.map((axis) => sizeOf(shape.slice(axis + 1)));
  const moved = data.slice() as Numbers;
  const counter = result.map(() => 0);
  for (let i = 0, from = 0; i < moved.length; i++) {
    moved[i] = data[from] as never;
    for (let axis = result.length - 1; axis >= 0; axis--) {
      const [stride, length] = [strides[axis] as number, result[axis] as number];
      const count = (counter[axis] as number) + 1;
      from += stride;
      counter[axis] = count;
      if (count < length) break;
      from -= stride * length;
      counter[axis] = 0;
    }
  }
  return { kind: 'known', type: known.type, shape: result, data: moved };
}
