import type { DataType } from '../tensor.js';
import { arrays } from './onnx/element-types.js';
import type { Numbers } from './onnx/file.js';
import type { Entry } from './safetensors.js';

/** Types of the files that become float32, each with what reads one element. */
const readers = new Map<string, (view: DataView, offset: number) => number>([
  ['F64', (view, offset) => view.getFloat64(offset, true)],
  ['F32', (view, offset) => view.getFloat32(offset, true)],
  ['F16', (view, offset) => halfToNumber(view.getUint16(offset, true))],
  ['BF16', (view, offset) => bfloatToNumber(view.getUint16(offset, true))],
]);
const widths = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
]);

/** Whether tensors of that dtype can be read as float32. */
export function isFloat(dtype: string): boolean {
  return readers.has(dtype);
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * A tensor's numbers as float32; `data` begins where the header ends. F32 is a view of the same memory where it is
 * aligned, everything else a converted copy.
 */
export function readFloats(data: Uint8Array, { dtype, begin, end }: Entry): Float32Array {
  const width = widths.get(dtype) as number;
  const read = readers.get(dtype) as (view: DataView, offset: number) => number;
  const start = data.byteOffset + begin;
  const length = (end - begin) / width;
  if (dtype === 'F32' && littleEndian && start % 4 === 0) return new Float32Array(data.buffer, start, length);
  const view = new DataView(data.buffer, start, end - begin);
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = read(view, i * width);
  return numbers;
}

const scratch = new DataView(new ArrayBuffer(4));

function bfloatToNumber(half: number): number {
  scratch.setUint32(0, half << 16);
  return scratch.getFloat32(0);
}

/** IEEE 754 binary16: 1 sign bit, 5 of the exponent, 10 of the fraction. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A tensor's numbers in their own type: a view of the same memory where it is aligned, else a copy. */
export function readNumbers(data: Uint8Array, { begin, end }: Entry, type: DataType): Numbers {
  const Type = arrays[type];
  const width = Type.BYTES_PER_ELEMENT;
  const start = data.byteOffset + begin;
  if ((littleEndian && start % width === 0) || width === 1) {
    return new Type(data.buffer as ArrayBuffer, start, (end - begin) / width);
  }
  // Not data.slice: of a Buffer that would be a view.
  const bytes = new Uint8Array(data.subarray(begin, end));
  if (!littleEndian) {
    for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  }
  return new Type(bytes.buffer, 0, bytes.length / width);
}
