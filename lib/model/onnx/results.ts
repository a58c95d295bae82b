import { BackendError, ShapeError } from '../../errors.js';
import { batch as batchLength, type Known, type Value } from '../../onnx/value.js';
import { anyTensor, type DataType, maxElements, showShape, sizeOf, type Tensor } from '../../tensor.js';
import type { ResultPlace } from './ports.js';

/** The whole shape of a result for a batch of `n`; one without elements is as good as any other. */
export function placeOf(who: string, value: Value, n: number): ResultPlace {
  const shape = Object.freeze(value.shape.map((length) => (length === batchLength ? n : length)));
  const size = sizeOf(shape);
  if (size > maxElements) {
    throw new ShapeError(`${who}: expected outputs of at most 2^31 - 1 elements, got ${showShape(shape)}`);
  }
  return { shape, dtype: value.type };
}

export function newFloats(who: string, size: number): Float32Array {
  try {
    return new Float32Array(size);
  } catch (error) {
    throw new BackendError(`${who}: not enough memory for an answer of ${size} numbers`, {
      code: 'ERR_OUT_OF_MEMORY',
      cause: error,
    });
  }
}

/** Numbers as the engine holds them, in the data type of an output. */
export function resultTensor({ shape, dtype }: ResultPlace, data: Float32Array): Tensor<DataType> {
  switch (dtype) {
    case 'float32':
      return anyTensor(shape, dtype, data);
    case 'float64':
      return anyTensor(shape, dtype, Float64Array.from(data));
    case 'int32':
      return anyTensor(shape, dtype, Int32Array.from(data));
    case 'int64':
      return anyTensor(
        shape,
        dtype,
        BigInt64Array.from(data, (value) => BigInt(Number.isFinite(value) ? Math.trunc(value) : 0)),
      );
    case 'uint8':
      return anyTensor(shape, dtype, Uint8Array.from(data));
    case 'bool':
      return anyTensor(
        shape,
        dtype,
        Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
      );
  }
}

/** A result that was known before the run, for a batch of `n`: memory of its own. */
export function knownTensor({ shape, dtype }: ResultPlace, known: Known, n: number): Tensor<DataType> {
  const data = known.data.slice();
  const { batches } = known;
  if (batches && data instanceof BigInt64Array) {
    for (const [i, factor] of batches.entries()) data[i] = (data[i] as bigint) + BigInt(factor * n);
  } else if (batches) {
    for (const [i, factor] of batches.entries()) data[i] = Number(data[i]) + factor * n;
  }
  return anyTensor(shape, dtype, data as Tensor<DataType>['data']);
}

/** Copies a result into what the caller gave. */
export function copyInto(target: Tensor<DataType>, source: Tensor<DataType>): void {
  (target.data as Float32Array).set(source.data as Float32Array);
}
