import type { DataType } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import { NotBatched } from '../not-batched.js';
import type { Known } from '../value.js';
import { type Binary, combined, legacyOperand, sameType, zip } from './elementwise.js';
import { type Evaluator, type Inputs, known, newNumbers, required, roomFor, settled } from './known.js';
import { broadcastPositions, broadcastShape, take } from './move.js';

type Relation = (a: number | bigint, b: number | bigint) => boolean;

/** A comparison gives 0 or 1, whatever it compares. */
function binaryOf(holds: Relation): Binary {
  const compare = (a: number | bigint, b: number | bigint): number => (holds(a, b) ? 1 : 0);
  return { float: compare, int: compare, long: compare as unknown as Binary['long'] };
}

/**
 * A comparison of numbers that depend on the batch n is decided where it is the same for every n >= 1: the difference
 * a + p n begins at a + p, and has the sign of p from somewhere on.
 */
function decided(scope: NodeScope, a: Known, b: Known, holds: Relation): Known {
  const shape = broadcastShape(scope, a.shape, b.shape);
  const data = new Uint8Array(roomFor(scope, shape, [a, b]));
  zip(scope, a, b, (i, atA, atB) => {
    const factor = (a.batches?.[atA] ?? 0) - (b.batches?.[atB] ?? 0);
    const least = Number(a.data[atA]) - Number(b.data[atB]) + factor;
    if (least * factor < 0 || (factor !== 0 && holds(least, 0) !== holds(factor, 0))) {
      throw new NotBatched(`${scope.op} of numbers that depend on the batch`);
    }
    data[i] = holds(least, 0) ? 1 : 0;
  });
  return known('bool', shape, data);
}

const compare =
  (holds: Relation): Evaluator =>
  (scope, inputs) => {
    const a = required(scope, inputs, 0);
    const b = legacyOperand(scope, a, required(scope, inputs, 1));
    sameType(scope, a, b);
    return [
      a.batches || b.batches ? decided(scope, a, b, holds) : combined(scope, a, b, 'bool', binaryOf(holds)),
    ];
  };

const connect =
  (join: (a: number, b: number) => number): Evaluator =>
  (scope, inputs) => {
    const a = boolean(scope, inputs, 0);
    const b = legacyOperand(scope, a, boolean(scope, inputs, 1));
    return [combined(scope, a, b, 'bool', { float: join, int: join, long: (x) => x })];
  };

function boolean(scope: NodeScope, inputs: Inputs, index: number): Known {
  const value = required(scope, inputs, index);
  if (value.type === 'bool') return value;
  return scope.fail(`expected bool, got ${value.type}`);
}

/** The booleans that a test gives for each number. */
function testing(value: Known, test: (item: number) => boolean): Known {
  const data = Uint8Array.from(value.data as ArrayLike<number>, (item) => (test(Number(item)) ? 1 : 0));
  return known('bool', value.shape, data);
}

function isInf(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const positive = scope.int('detect_positive', 1) !== 0;
  const negative = scope.int('detect_negative', 1) !== 0;
  const test = (item: number): boolean =>
    (positive && item === Number.POSITIVE_INFINITY) || (negative && item === Number.NEGATIVE_INFINITY);
  return [testing(required(scope, inputs, 0), test)];
}

function where(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const condition = settled(scope, boolean(scope, inputs, 0));
  const [a, b] = [required(scope, inputs, 1), required(scope, inputs, 2)];
  const type: DataType = sameType(scope, a, b);
  const shape = broadcastShape(scope, condition.shape, broadcastShape(scope, a.shape, b.shape));
  const count = roomFor(scope, shape, inputs);
  const [atCondition, atA, atB] = [condition, a, b].map((value) => broadcastPositions(value.shape, shape));
  // Both answers one behind the other, and places in them.
  const data = newNumbers(type, a.data.length + b.data.length) as Float64Array;
  data.set(a.data as Float64Array);
  data.set(b.data as Float64Array, a.data.length);
  const batches = new Float64Array(data.length);
  if (a.batches) batches.set(a.batches);
  if (b.batches) batches.set(b.batches, a.data.length);
  const from = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const yes = condition.data[atCondition ? (atCondition[i] as number) : i];
    from[i] = yes ? (atA ? (atA[i] as number) : i) : a.data.length + (atB ? (atB[i] as number) : i);
  }
  return [take(known(type, [data.length], data, batches), shape, from)];
}

/** Comparisons and choices, which take numbers that depend on the batch. */
export const choices: Readonly<Record<string, Evaluator>> = {
  Equal: compare((a, b) => a === b),
  Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b),
  Greater: compare((a, b) => a > b),
  GreaterOrEqual: compare((a, b) => a >= b),
  Where: where,
};

export const logic: Readonly<Record<string, Evaluator>> = {
  And: connect((a, b) => a & b),
  Or: connect((a, b) => a | b),
  Xor: connect((a, b) => a ^ b),
  Not: (scope, inputs) => [testing(boolean(scope, inputs, 0), (item) => item === 0)],
  IsNaN: (scope, inputs) => [testing(required(scope, inputs, 0), Number.isNaN)],
  IsInf: isInf,
};
