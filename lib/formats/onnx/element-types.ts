import { type DataType, maxRank } from '../../tensor.js';
import type { Fail } from '../safetensors.js';
import type { ElementType } from './file.js';

/** TensorProto.DataType by its number. Source: onnx.proto */
export const elementTypes: readonly ElementType[] = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
  'float6e2m3',
  'float6e3m2',
];

/** The arrays that hold a file's numbers. */
export const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DataType, unknown>;

export function isDataType(type: ElementType): type is DataType {
  return Object.hasOwn(arrays, type);
}

export function elementType(number: number, fail: Fail): ElementType {
  return elementTypes[number] ?? fail(`expected a data type that ONNX knows, got number ${number}`);
}

/** One more axis of a shape. */
export function pushAxis<Length>(shape: Length[], length: Length, fail: Fail): void {
  if (shape.push(length) > maxRank) fail(`expected ${maxRank} axes at most, got more`);
}
