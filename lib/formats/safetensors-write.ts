import type { DataType } from '../tensor.js';
import type { Numbers } from './onnx/file.js';
import { prefixBytes } from './safetensors.js';

/** A tensor to be written. */
export interface Stored {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Numbers;
}

/** Data types as files name them. */
export const storedTypes: Readonly<Record<DataType, string>> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  bool: 'BOOL',
};

/**
 * A safetensors file in parts: length and header, padded with spaces so that the data begin at a multiple of 8, then
 * the tensors in the given order. The same tensors and metadata give the same bytes.
 */
export function safetensorsParts(
  tensors: readonly Stored[],
  metadata: ReadonlyMap<string, string>,
): Uint8Array[] {
  let position = 0;
  const entries = tensors.map(({ name, dtype, shape, data }): [string, unknown] => {
    const begin = position;
    position += data.byteLength;
    return [name, { dtype: storedTypes[dtype], shape, data_offsets: [begin, position] }];
  });
  const header = Object.fromEntries([['__metadata__', Object.fromEntries(metadata)], ...entries]);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(prefixBytes + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(text, prefixBytes);
  return [head, ...tensors.map(({ data }) => littleEndianBytes(data))];
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The bytes of the array itself, or swapped ones on a big-endian machine. */
export function littleEndianBytes(data: Numbers): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndian) return bytes;
  const swapped = bytes.slice();
  const width = data.BYTES_PER_ELEMENT;
  for (let at = 0; at < swapped.length; at += width) swapped.subarray(at, at + width).reverse();
  return swapped;
}
