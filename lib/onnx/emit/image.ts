import type { OpId } from '../../ops/index.js';
import type { Attributes } from '../../ops/op.js';
import type { DataType } from '../../tensor.js';
import { type Emitter, rankOf } from '../emitter.js';
import type { Flowing } from '../value.js';
import { permute } from './movement.js';

/** [n, c, ...] -> [n, ..., c] */
export function channelsLast(emit: Emitter, x: Flowing): Flowing {
  const rank = rankOf(x);
  return permute(emit, x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}

/** [n, ..., c] -> [n, c, ...] */
export function channelsFirst(emit: Emitter, x: Flowing): Flowing {
  const rank = rankOf(x);
  return permute(emit, x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

/**
 * An op that works on images: x [n, ..., h, w, c] -> [n, ..., oh, ow, oc]. All axes before h, but a free batch, are
 * images of their own.
 */
export function onImages(
  emit: Emitter,
  op: OpId,
  attributes: Attributes,
  x: Flowing,
  others: readonly number[] = [],
): Flowing {
  const shape = emit.shapeOf(x.id);
  const outer = shape.slice(0, -3);
  if (outer.length === 0) return emit.apply(op, attributes, [x.id, ...others], x.type);
  const items = outer.reduce((all, length) => all * length, 1);
  const flat = outer.length === 1 ? x.id : reshaped(emit, x, [items, ...shape.slice(-3)]).id;
  const y = emit.isShared(x)
    ? oneByOne(emit, op, attributes, flat, others, x.type)
    : emit.apply(op, attributes, [flat, ...others], x.type, items);
  return outer.length === 1 ? y : reshaped(emit, y, [...outer, ...emit.shapeOf(y.id).slice(1)]);
}

/** Images [n, h, w, c] of a value that exists once: only sample values are taken apart by `repeat`. */
function oneByOne(
  emit: Emitter,
  op: OpId,
  attributes: Attributes,
  images: number,
  others: readonly number[],
  type: DataType,
): Flowing {
  const shape = emit.shapeOf(images);
  const size = shape.with(0, 1);
  const results = Array.from({ length: shape[0] as number }, (_, image) => {
    const begin = shape.map((_, axis) => (axis === 0 ? image : 0));
    const one = emit.apply('copy', { kind: 'slice', begin, size }, [images], type);
    const y = emit.apply(op, attributes, [reshaped(emit, one, shape.slice(1)).id, ...others], type);
    return reshaped(emit, y, [1, ...emit.shapeOf(y.id)]).id;
  });
  return emit.apply('concat', { axis: 0 }, results, type);
}

/** In the graph's own shape. */
function reshaped(emit: Emitter, x: Flowing, shape: readonly number[]): Flowing {
  return emit.apply('reshape', { shape }, [x.id], x.type);
}
