import { showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import { known, newNumbers, roomFor } from './known.js';

/** Distances in elements between neighbours along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** offset + sum of index * stride for each index of a shape, row-major. */
export function positions(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  let found = Int32Array.of(offset);
  for (const [axis, length] of shape.entries()) {
    if (length === 1) continue;
    const stride = strides[axis] as number;
    const next = new Int32Array(found.length * length);
    for (let i = 0, j = 0; i < found.length; i++) {
      for (let k = 0, at = found[i] as number; k < length; k++, at += stride) next[j++] = at;
    }
    found = next;
  }
  return found;
}

/** Element i of the result is element `from[i]` of the source, or `fill` where that is -1. */
export function take(
  source: Known,
  shape: readonly number[],
  from: Int32Array,
  fill: number | bigint = 0,
): Known {
  const data = newNumbers(source.type, from.length);
  // One array type on both sides, whichever it is.
  const [to, values, filler] = [data, source.data, source.type === 'int64' ? BigInt(fill) : fill] as [
    Float64Array,
    Float64Array,
    number,
  ];
  for (let i = 0; i < from.length; i++) {
    const at = from[i] as number;
    to[i] = at < 0 ? filler : (values[at] as number);
  }
  const { batches } = source;
  return known(source.type, shape, data, batches && Float64Array.from(from, (at) => batches[at] ?? 0));
}

/** A result that reads its source by strides: transposed, cut, repeated. */
export function strided(
  scope: NodeScope,
  source: Known,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Known {
  roomFor(scope, shape, [source]);
  return take(source, shape, positions(shape, strides, offset));
}

/** The same numbers in another shape. */
export function reshaped(source: Known, shape: readonly number[]): Known {
  return { ...source, shape };
}

export function transposed(scope: NodeScope, source: Known, order: readonly number[]): Known {
  const strides = stridesOf(source.shape);
  const shape = order.map((axis) => source.shape[axis] as number);
  return strided(
    scope,
    source,
    shape,
    order.map((axis) => strides[axis] as number),
  );
}

/** The slices of a source along one axis, in the order of `indices`. */
export function taken(scope: NodeScope, source: Known, axis: number, indices: readonly number[]): Known {
  const { shape } = source;
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis] as number;
  const result = shape.with(axis, indices.length);
  const from = new Int32Array(roomFor(scope, result, [source]));
  let i = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const start = (o * length + index) * inner;
      for (let k = 0; k < inner; k++) from[i++] = start + k;
    }
  }
  return take(source, result, from);
}

/** NumPy's broadcasting of two shapes. */
export function broadcastShape(
  scope: NodeScope,
  a: readonly number[],
  b: readonly number[],
): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis + a.length - rank] ?? 1;
    const y = b[axis + b.length - rank] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    return scope.fail(`expected shapes that broadcast, got ${showShape(a)} and ${showShape(b)}`);
  });
}

/** Where each element of a broadcast shape comes from; undefined where nothing is repeated. */
export function broadcastPositions(from: readonly number[], to: readonly number[]): Int32Array | undefined {
  if (sizeOf(from) === sizeOf(to)) return undefined;
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return positions(
    to,
    to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : (strides[axis - lead] as number))),
  );
}
