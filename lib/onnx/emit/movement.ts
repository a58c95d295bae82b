import type { Pair } from '../../geometry.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { transposedKnown } from '../known.js';
import { NotBatched } from '../not-batched.js';
import { batch, type Flowing, type Length, type Value } from '../value.js';

/** Lengths as the graph has them: without the batch, which has to stand in front and nowhere else. */
export function graphShape(emit: Emitter, shape: readonly Length[]): number[] {
  if (emit.lead === 1 && shape[0] !== batch) throw new NotBatched('the first axis is not the batch');
  return shape.slice(emit.lead).map(fixed);
}

/** The same numbers under another shape. */
export function reshape<V extends Value>(emit: Emitter, x: V, shape: readonly Length[]): V;
export function reshape(emit: Emitter, x: Value, shape: readonly Length[]): Value {
  if (shape.join() === x.shape.join()) return x;
  if (x.kind === 'known') return { ...x, shape: shape.map(fixed) };
  return emit.apply('reshape', { shape: graphShape(emit, shape) }, [x.id], x.type);
}

/** Axis i of the result is axis `axes[i]`. */
export function permute<V extends Value>(emit: Emitter, x: V, axes: readonly number[]): V;
export function permute(emit: Emitter, x: Value, axes: readonly number[]): Value {
  if (axes.every((axis, i) => axis === i)) return x;
  if (x.kind === 'known') return transposedKnown(x, axes);
  const { lead } = emit;
  if (lead === 1 && axes[0] !== 0) throw new NotBatched('the batch is moved');
  return emit.apply(
    'copy',
    { kind: 'permute', axes: axes.slice(lead).map((axis) => axis - lead) },
    [x.id],
    x.type,
  );
}

/** What is taken along one axis: `size` elements from `begin` on, `step` apart. */
export interface Range {
  readonly axis: number;
  readonly begin: number;
  readonly size: number;
  readonly step: number;
}

/** Ranges of whole axes, the batch too, may be among them. */
export function slice(emit: Emitter, x: Flowing, ranges: readonly Range[]): Flowing {
  const shape = emit.shapeOf(x.id);
  const begin = shape.map(() => 0);
  const size = [...shape];
  const step = shape.map(() => 1);
  for (const range of ranges) {
    const axis = emit.axis(range.axis, rankOf(x));
    begin[axis] = range.begin;
    size[axis] = range.size;
    step[axis] = range.step;
  }
  if (begin.every((at, i) => at === 0 && size[i] === shape[i] && step[i] === 1)) return x;
  const steps = step.some((by) => by !== 1) ? { step } : {};
  return emit.apply('copy', { kind: 'slice', begin, size, ...steps }, [x.id], x.type);
}

/** [before, after] per axis, filled with `value`. */
export function pad(emit: Emitter, x: Flowing, pads: readonly Pair[], value: number): Flowing {
  if (pads.every(([before, after]) => before === 0 && after === 0)) return x;
  if (emit.lead === 1 && pads[0]?.some((cells) => cells !== 0)) throw new NotBatched('the batch is padded');
  return emit.apply('copy', { kind: 'pad', pads: pads.slice(emit.lead), value }, [x.id], x.type);
}

/** One beside the other along `axis`. */
export function concat(emit: Emitter, values: readonly Value[], axis: number): Flowing {
  const [first] = values;
  if (!first) return emit.scope.fail('expected an input, got none');
  const rank = rankOf(first);
  if (values.some((value) => rankOf(value) !== rank)) {
    emit.scope.fail(`expected inputs of ${rank} axes, got ${values.map(rankOf).join(', ')}`);
  }
  const at = emit.axis(axis, rank);
  // In front of a known part stands no batch: it would have to be repeated for each sample.
  const ids = values.map((value) => emit.lift(value).id);
  return ids.length === 1 ? emit.lift(first) : emit.apply('concat', { axis: at }, ids, first.type);
}

/** NumPy's broadcast to `shape`, which has at least as many axes. */
export function expand(emit: Emitter, x: Flowing, shape: readonly Length[]): Flowing {
  if (shape.join() === x.shape.join()) return x;
  return emit.apply('copy', { kind: 'expand', shape: graphShape(emit, shape) }, [x.id], x.type);
}

export function tile(emit: Emitter, x: Flowing, repeats: readonly number[]): Flowing {
  if (repeats.every((count) => count === 1)) return x;
  if (emit.lead === 1 && repeats[0] !== 1) throw new NotBatched('the batch is repeated');
  const inner = repeats.slice(emit.lead);
  // A copy walks six axes at most, and each of these may become two: axis by axis, the last one first.
  const steps = inner.length <= 3 ? [inner] : inner.map((_, axis) => only(inner, axis)).reverse();
  return steps.reduce((y, some) => emit.apply('copy', { kind: 'tile', repeats: some }, [y.id], x.type), x);
}

function only(repeats: readonly number[], axis: number): number[] {
  return repeats.map((count, i) => (i === axis ? count : 1));
}
