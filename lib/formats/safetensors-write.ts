import { prefixBytes } from './safetensors.js';

/** A float32 tensor to be written. */
export interface Floats {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * A safetensors file in parts: length and header, padded with spaces so that the data begin at a multiple of 8, then
 * the tensors in the given order. The same tensors and metadata give the same bytes.
 */
export function safetensorsParts(
  tensors: readonly Floats[],
  metadata: ReadonlyMap<string, string>,
): Uint8Array[] {
  let position = 0;
  const entries = tensors.map(({ name, shape, data }): [string, unknown] => {
    const begin = position;
    position += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, position] }];
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
function littleEndianBytes(data: Float32Array): Uint8Array {
  if (littleEndian) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const view = new DataView(new ArrayBuffer(data.byteLength));
  for (const [i, value] of data.entries()) view.setFloat32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}
