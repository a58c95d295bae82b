import { sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import { add, multiply } from './arithmetic.js';
import { cast } from './cast.js';
import { type Binary, forType } from './elementwise.js';
import {
  axesOf,
  axisOf,
  type Evaluator,
  type Inputs,
  integersAt,
  integersOf,
  isFloat,
  known,
  newNumbers,
  required,
} from './known.js';
import { positions, stridesOf } from './move.js';

/** Reduces the numbers of one group: floats in float64, integers exactly where `long` is there. */
interface Reduction {
  readonly float: (values: Float64Array) => number;
  readonly long?: (values: readonly bigint[]) => bigint;
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
const longSum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

function logSumExp(values: Float64Array): number {
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(most)) return most;
  return most + Math.log(values.reduce((a, b) => a + Math.exp(b - most), 0));
}

const reductions: Readonly<Record<string, Reduction>> = {
  ReduceSum: { float: sum, long: longSum },
  ReduceMean: {
    float: (values) => sum(values) / values.length,
    long: (values) => longSum(values) / BigInt(values.length),
  },
  ReduceProd: {
    float: (values) => values.reduce((a, b) => a * b, 1),
    long: (values) => values.reduce((a, b) => BigInt.asIntN(64, a * b), 1n),
  },
  ReduceMin: {
    float: (values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    long: (values) => values.reduce((a, b) => (b < a ? b : a)),
  },
  ReduceMax: {
    float: (values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    long: (values) => values.reduce((a, b) => (b > a ? b : a)),
  },
  ReduceL1: {
    float: (values) => values.reduce((a, b) => a + Math.abs(b), 0),
    long: (values) => values.reduce((a, b) => a + (b < 0n ? -b : b), 0n),
  },
  ReduceSumSquare: {
    float: (values) => values.reduce((a, b) => a + b * b, 0),
    long: (values) => values.reduce((a, b) => a + b * b, 0n),
  },
  ReduceL2: { float: (values) => Math.sqrt(values.reduce((a, b) => a + b * b, 0)) },
  ReduceLogSum: { float: (values) => Math.log(sum(values)) },
  ReduceLogSumExp: { float: logSumExp },
};

/** The axes of a reduction; undefined where nothing is reduced. */
function reducedAxes(scope: NodeScope, inputs: Inputs, rank: number): readonly number[] | undefined {
  const asked = integersAt(scope, inputs, 1, 'axes');
  if (asked?.length) return axesOf(scope, asked, rank);
  if (scope.int('noop_with_empty_axes', 0) !== 0) return undefined;
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** Places of the groups' first elements, and of a group's elements from there. */
function groups(shape: readonly number[], axes: readonly number[]): readonly [Int32Array, Int32Array] {
  const strides = stridesOf(shape);
  const along = (within: boolean): Int32Array => {
    const chosen = shape.map((_, axis) => axis).filter((axis) => axes.includes(axis) === within);
    return positions(
      chosen.map((axis) => shape[axis] as number),
      chosen.map((axis) => strides[axis] as number),
    );
  };
  return [along(false), along(true)];
}

function resultShape(shape: readonly number[], axes: readonly number[], keep: boolean): readonly number[] {
  if (keep) return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return shape.filter((_, axis) => !axes.includes(axis));
}

const reduce =
  ({ float, long }: Reduction): Evaluator =>
  (scope, inputs) => {
    const source = required(scope, inputs, 0);
    const axes = reducedAxes(scope, inputs, source.shape.length);
    if (axes === undefined) return [source];
    const [starts, inner] = groups(source.shape, axes);
    if (inner.length === 0 && !isFloat(source.type)) scope.fail('expected integers to reduce, got none');
    const shape = resultShape(source.shape, axes, scope.int('keepdims', 1) !== 0);
    if (long && !isFloat(source.type)) {
      const sums = BigInt64Array.from(starts, (start) =>
        long(Array.from(inner, (at) => BigInt(source.data[start + at] as number))),
      );
      return [cast(scope, known('int64', shape, sums), source.type)];
    }
    const sums = Float64Array.from(starts, (start) =>
      float(Float64Array.from(inner, (at) => Number(source.data[start + at]))),
    );
    return [cast(scope, known('float64', shape, sums), source.type)];
  };

const arg =
  (better: (a: number | bigint, b: number | bigint) => boolean): Evaluator =>
  (scope, inputs) => {
    const { shape, data } = required(scope, inputs, 0);
    const axis = axisOf(scope, scope.int('axis', 0), shape.length);
    const last = scope.int('select_last_index', 0) !== 0;
    const [starts, inner] = groups(shape, [axis]);
    if (inner.length === 0) scope.fail('expected numbers to choose from, got none');
    const found = BigInt64Array.from(starts, (start) => {
      const at = (i: number): number | bigint => data[start + (inner[i] as number)] as number | bigint;
      let best = 0;
      for (let i = 1; i < inner.length; i++) {
        if (better(at(i), at(best)) || (last && at(i) === at(best))) best = i;
      }
      return BigInt(best);
    });
    return [known('int64', resultShape(shape, [axis], scope.int('keepdims', 1) !== 0), found)];
  };

/** Kept to 64 bits: else each factor would make the product longer. */
const wrapping: Binary = { ...multiply, long: (a, b) => BigInt.asIntN(64, a * b) };

/** Sums or products of all elements up to each one, from either end, with or without that element itself. */
const cumulated =
  (binary: Binary, start: number): Evaluator =>
  (scope, inputs) => {
    const source = required(scope, inputs, 0);
    const [asked = 0] = integersOf(scope, required(scope, inputs, 1));
    const axis = axisOf(scope, asked, source.shape.length);
    const exclusive = scope.int('exclusive', 0) !== 0;
    const reverse = scope.int('reverse', 0) !== 0;
    const joined = forType(source.type, binary);
    const data = newNumbers(source.type, sizeOf(source.shape));
    const [to, from] = [data as Float64Array, source.data as Float64Array];
    const [starts, forward] = groups(source.shape, [axis]);
    const inner = reverse ? forward.toReversed() : forward;
    for (const first of starts) {
      let total = (source.type === 'int64' ? BigInt(start) : start) as number;
      for (const at of inner) {
        const next = joined(total, from[first + at] as number);
        to[first + at] = exclusive ? total : next;
        total = next;
      }
    }
    return [known(source.type, source.shape, data)];
  };

/** Sums and the like along axes. */
export const reduces: Readonly<Record<string, Evaluator>> = {
  ...Object.fromEntries(Object.entries(reductions).map(([op, reduction]) => [op, reduce(reduction)])),
  ArgMax: arg((a, b) => a > b),
  ArgMin: arg((a, b) => a < b),
  CumSum: cumulated(add, 0),
  CumProd: cumulated(wrapping, 1),
};
