import { concat, expand, permute, reshape } from '../emit/movement.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { shapeRange } from '../evaluate/shape.js';
import { numbersOf } from '../known.js';
import { NotBatched } from '../not-batched.js';
import { batch, type Flowing, type Known, type Length } from '../value.js';
import type { Rule } from './rule.js';

/** The lengths that a known list gives; a multiple of the batch is none of them. */
function lengthsOf({ data, batches }: Known): Length[] {
  return Array.from({ length: data.length }, (_, i): Length => {
    const [number, count] = [Number(data[i]), batches?.[i] ?? 0];
    if (count === 0) return number;
    if (count === 1 && number === 0) return batch;
    throw new NotBatched('a length is a multiple of the batch');
  });
}

/** 0 keeps the length of x (unless `allowzero`), -1 takes what is left. */
const reshapeTo: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const target = scope.opset < 5 ? [...scope.ints('shape')] : lengthsOf(emit.known(1));
  const keeps = scope.int('allowzero', 0) === 0;
  const copied = target.map((length, axis): Length => {
    if (length !== 0 || !keeps) return length;
    return x.shape[axis] ?? scope.fail(`expected at most ${rankOf(x)} lengths to keep, got axis ${axis}`);
  });
  return [reshape(emit, x, filled(emit, x, copied))];
};

/** The length -1 as a number, or as the batch where all others are those of one sample. */
function filled(emit: Emitter, x: Flowing, target: readonly Length[]): readonly Length[] {
  const open = target.indexOf(-1);
  const total = emit.shapeOf(x.id).reduce((all, length) => all * length, 1);
  const rest = target.reduce<number>(
    (all, length, axis) => (axis === open || length === batch ? all : all * length),
    1,
  );
  const fits = (length: number): boolean => Number.isInteger(length) && length > 0;
  const wrong = (): never =>
    emit.scope.fail(
      `expected a shape for the elements of [${x.shape.join(', ')}], got [${target.join(', ')}]`,
    );
  if (open < 0) {
    // A batch that became a number is one batch only.
    if (emit.lead === 1 && target[0] !== batch) throw new NotBatched('the batch has become a number');
    return rest === total ? target : wrong();
  }
  if (emit.lead === 1 && !target.includes(batch)) {
    if (open !== 0 || rest !== total) throw new NotBatched('the batch is merged with other axes');
    return target.with(0, batch);
  }
  return fits(total / rest) ? target.with(open, total / rest) : wrong();
}

/** [axes before `axis`, axes from it on] as a matrix. */
const flatten: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const rank = rankOf(x);
  const given = scope.int('axis', 1);
  const axis = given < 0 ? given + rank : given;
  if (axis < 0 || axis > rank) scope.fail(`expected an axis from ${-rank} to ${rank}, got ${given}`);
  const product = (lengths: readonly Length[]): Length => {
    if (lengths.length === 1 && lengths[0] === batch) return batch;
    return lengths.map(fixed).reduce((all, length) => all * length, 1);
  };
  return [reshape(emit, x, [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))])];
};

/** Axes as an attribute before opset 13, later as an input. */
function axesOf(emit: Emitter, since: number): readonly number[] | undefined {
  const { scope } = emit;
  if (scope.opset < since) return scope.has('axes') ? scope.ints('axes') : undefined;
  const axes = emit.optionalKnown(1);
  return axes && numbersOf(axes);
}

const squeeze: Rule = (emit) => {
  const x = emit.flow(0);
  const rank = rankOf(x);
  const given = axesOf(emit, 13);
  // Without axes a batch of 1 would vanish, and no other.
  if (!given && emit.lead === 1) throw new NotBatched('a batch of 1 would be squeezed');
  const axes = given
    ? given.map((axis) => emit.axis(axis, rank) + emit.lead)
    : x.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
  for (const axis of axes) {
    if (x.shape[axis] !== 1) emit.scope.fail(`expected axis ${axis} to have length 1, got ${x.shape[axis]}`);
  }
  return [
    reshape(
      emit,
      x,
      x.shape.filter((_, axis) => !axes.includes(axis)),
    ),
  ];
};

const unsqueeze: Rule = (emit) => {
  const x = emit.flow(0);
  const given = axesOf(emit, 13) ?? emit.scope.fail('expected axes, got none');
  const rank = rankOf(x) + given.length;
  const axes = given.map((axis) => emit.axis(axis, rank) + emit.lead);
  const lengths = x.shape.values();
  const shape = Array.from(
    { length: rank },
    (_, axis): Length =>
      axes.includes(axis) ? 1 : (lengths.next().value ?? emit.scope.fail('expected axes that differ')),
  );
  return [reshape(emit, x, shape)];
};

const transpose: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const backwards = x.shape.map((_, i) => rankOf(x) - 1 - i);
  const axes = scope.ints('perm', backwards);
  if ([...axes].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
    scope.fail(`expected perm to name ${rankOf(x)} axes, got [${axes.join(', ')}]`);
  }
  return [permute(emit, x, axes)];
};

/** NumPy's broadcast of x and a shape: a length 1 in the shape keeps that of x. */
const expandTo: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const target = lengthsOf(emit.known(1));
  const rank = Math.max(rankOf(x), target.length);
  if (emit.lead === 1 && rank > rankOf(x)) throw new NotBatched('an axis stands before the batch');
  const shape = Array.from({ length: rank }, (_, axis): Length => {
    const present = x.shape[axis - rank + rankOf(x)] ?? 1;
    const wanted = target[axis - rank + target.length] ?? 1;
    if (wanted === 1 || wanted === present) return present;
    if (present === 1) return wanted;
    if (present === batch || wanted === batch) throw new NotBatched('the batch is broadcast');
    return scope.fail(
      `expected a shape that [${x.shape.join(', ')}] broadcasts to, got [${target.join(', ')}]`,
    );
  });
  return [expand(emit, x, shape)];
};

/** What has no elements adds none, and does not flow. */
const concatenate: Rule = (emit, scope) => {
  const values = emit.inputs
    .map((_, index) => emit.input(index))
    .filter((value) => value.kind === 'flowing' || value.data.length > 0);
  return [concat(emit, values, scope.int('axis', scope.opset < 4 ? 1 : undefined))];
};

/** The shape itself, which is known: the batch stays a name in it. */
const shapeOf: Rule = (emit, scope) => {
  const { shape } = emit.input(0);
  const lengths = shape.slice(...shapeRange(scope, shape.length));
  return [int64([lengths.length], lengths)];
};

const countOf: Rule = (emit) => {
  const shape: readonly Length[] = emit.input(0).shape;
  const numbers = shape.filter((length) => length !== batch) as number[];
  const total = numbers.reduce((all, length) => all * length, 1);
  const free = shape.some((length) => length === batch);
  return [{ ...int64([], [free ? 0 : total]), batches: free ? Float64Array.of(total) : undefined }];
};

function int64(shape: readonly number[], lengths: readonly Length[]): Known {
  return {
    kind: 'known',
    type: 'int64',
    shape,
    data: BigInt64Array.from(lengths.map((length) => BigInt(length === batch ? 0 : (length as number)))),
    batches: lengths.includes(batch)
      ? Float64Array.from(lengths.map((length) => (length === batch ? 1 : 0)))
      : undefined,
  };
}

export const shapes: Readonly<Record<string, Rule>> = {
  Reshape: reshapeTo,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expandTo,
  Concat: concatenate,
  Shape: shapeOf,
  Size: countOf,
};
