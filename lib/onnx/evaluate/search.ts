import { showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import {
  axisOf,
  type Evaluator,
  type Inputs,
  integers,
  integersOf,
  known,
  numberOf,
  required,
  roomFor,
} from './known.js';
import { positions, reshaped, stridesOf, take, taken } from './move.js';

/** Indices of what is not 0, one row per axis. */
function nonZero(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const { shape, data } = required(scope, inputs, 0);
  const places: number[] = [];
  for (const [i, value] of data.entries()) if (Number(value) !== 0) places.push(i);
  const strides = stridesOf(shape);
  const indices = shape.flatMap((length, axis) =>
    places.map((place) => Math.floor(place / (strides[axis] as number)) % length),
  );
  return [reshaped(integers(indices), [shape.length, places.length])];
}

function compress(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const given = required(scope, inputs, 0);
  const source = scope.has('axis') ? given : reshaped(given, [given.data.length]);
  const axis = axisOf(scope, scope.int('axis', 0), source.shape.length);
  const chosen: number[] = [];
  for (const [i, yes] of required(scope, inputs, 1).data.entries()) if (yes) chosen.push(i);
  const length = source.shape[axis] as number;
  const beyond = chosen.find((index) => index >= length);
  if (beyond !== undefined) scope.fail(`expected conditions below index ${length} to hold, got ${beyond}`);
  return [taken(scope, source, axis, chosen)];
}

/** Off-value everywhere but at the index along the new axis; an index out of range gives off-values only. */
function oneHot(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const indices = required(scope, inputs, 0);
  const depth = Math.trunc(Number(numberOf(scope, required(scope, inputs, 1))));
  const values = required(scope, inputs, 2);
  if (values.data.length !== 2) scope.fail(`expected two values, got ${values.data.length}`);
  const axis = axisOf(scope, scope.int('axis', -1), indices.shape.length + 1);
  const shape = indices.shape.toSpliced(axis, 0, depth);
  const from = new Int32Array(roomFor(scope, shape, inputs));
  const inner = sizeOf(indices.shape.slice(axis));
  for (const [i, value] of indices.data.entries()) {
    const index = Math.trunc(Number(value));
    const at = index < 0 ? index + depth : index;
    if (at >= 0 && at < depth) from[(Math.floor(i / inner) * depth + at) * inner + (i % inner)] = 1;
  }
  return [take(values, shape, from)];
}

/** The upper or lower triangle of the last two axes, zeros elsewhere. */
function trilu(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const [rows, columns] = source.shape.slice(-2);
  if (rows === undefined || columns === undefined) {
    return scope.fail(`expected at least 2 axes, got the shape ${showShape(source.shape)}`);
  }
  const upper = scope.int('upper', 1) !== 0;
  const k = inputs[1] ? Number(numberOf(scope, inputs[1])) : 0;
  const from = Int32Array.from({ length: source.data.length }, (_, i) => {
    const beyond = (i % columns) - (Math.floor(i / columns) % rows) - k;
    return (upper ? beyond >= 0 : beyond <= 0) ? i : -1;
  });
  return [take(source, source.shape, from)];
}

/** The k largest or smallest along an axis, and their indices; of equal ones the first come first. */
function topK(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const { shape, data } = source;
  const axis = axisOf(scope, scope.int('axis', -1), shape.length);
  const length = shape[axis] as number;
  const [k = 0] = inputs[1] ? integersOf(scope, inputs[1]) : [scope.int('k')];
  if (k < 0 || k > length) scope.fail(`expected k between 0 and ${length}, got ${k}`);
  const sign = scope.int('largest', 1) !== 0 ? 1 : -1;
  const strides = stridesOf(shape);
  const stride = strides[axis] as number;
  const result = shape.with(axis, k);
  const from = new Int32Array(sizeOf(result));
  const indices = new BigInt64Array(from.length);
  const places = positions(result.with(axis, 1), stridesOf(result));
  for (const [group, start] of positions(shape.with(axis, 1), strides).entries()) {
    const at = (i: number): number | bigint => data[start + i * stride] as number | bigint;
    const order = Array.from({ length }, (_, i) => i).sort((a, b) => {
      const [x, y] = [at(a), at(b)];
      return x === y ? a - b : x > y ? -sign : sign;
    });
    for (let i = 0; i < k; i++) {
      const place = (places[group] as number) + i * stride;
      from[place] = start + (order[i] as number) * stride;
      indices[place] = BigInt(order[i] as number);
    }
  }
  return [take(source, result, from), known('int64', result, indices)];
}

/** Slices along an axis (or elements) that differ: they, the first index of each, the place of each, and their numbers. */
function unique(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const given = required(scope, inputs, 0);
  const source = scope.has('axis') ? given : reshaped(given, [given.data.length]);
  const axis = axisOf(scope, scope.int('axis', 0), source.shape.length);
  const strides = stridesOf(source.shape);
  const stride = strides[axis] as number;
  const inner = positions(source.shape.with(axis, 1), strides);
  const compare = (a: number, b: number): number => {
    for (const at of inner) {
      const x = source.data[at + a * stride] as number | bigint;
      const y = source.data[at + b * stride] as number | bigint;
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  };
  const ascending = Array.from({ length: source.shape[axis] as number }, (_, i) => i).sort(
    (a, b) => compare(a, b) || a - b,
  );
  // Neighbours in this order are equal or differ; the first of each run has the lowest index.
  const classes: number[][] = [];
  for (const index of ascending) {
    const run = classes.at(-1);
    if (run && compare(run[0] as number, index) === 0) run.push(index);
    else classes.push([index]);
  }
  if (scope.int('sorted', 1) === 0) classes.sort((a, b) => (a[0] as number) - (b[0] as number));
  const firsts = classes.map((run) => run[0] as number);
  const inverse = new Array<number>(ascending.length);
  for (const [number, run] of classes.entries()) for (const index of run) inverse[index] = number;
  return [
    taken(scope, source, axis, firsts),
    integers(firsts),
    integers(inverse),
    integers(classes.map((run) => run.length)),
  ];
}

/** Operators whose result depends on what the numbers are. */
export const searches: Readonly<Record<string, Evaluator>> = {
  NonZero: nonZero,
  Compress: compress,
  OneHot: oneHot,
  Trilu: trilu,
  TopK: topK,
  Unique: unique,
};
