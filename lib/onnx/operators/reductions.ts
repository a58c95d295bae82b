import type { Reduction } from '../../ops/index.js';
import { binary, unary } from '../emit/elementwise.js';
import { reduce } from '../emit/reduce.js';
import { type Emitter, rankOf } from '../emitter.js';
import { numbersOf } from '../known.js';
import { NotBatched } from '../not-batched.js';
import type { Flowing } from '../value.js';
import type { Rule } from './rule.js';

type Elementwise = (emit: Emitter, x: Flowing) => Flowing;

const square: Elementwise = (emit, x) => binary(emit, 'multiply', x, x);
const magnitude: Elementwise = (emit, x) => unary(emit, x, 'abs');
const root: Elementwise = (emit, x) => unary(emit, x, 'sqrt');
const logarithm: Elementwise = (emit, x) => unary(emit, x, 'log');

/** `after(reduce(before(x)))`. Axes are an attribute before opset `since`, later an input. */
function reduction(kind: Reduction, since: number, before?: Elementwise, after?: Elementwise): Rule {
  return (emit, scope) => {
    const x = emit.flow(0);
    const axes = axesOf(emit, x, since);
    const y = reduce(emit, kind, before?.(emit, x) ?? x, axes, scope.int('keepdims', 1) !== 0);
    return [after?.(emit, y) ?? y];
  };
}

/** log(sum e^x) = most + log(sum e^(x - most)) */
const logSumExp: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const axes = axesOf(emit, x, 18);
  const keepDims = scope.int('keepdims', 1) !== 0;
  const shifted = binary(emit, 'subtract', x, reduce(emit, 'max', x, axes, true));
  const sum = reduce(emit, 'sum', unary(emit, shifted, 'exp'), axes, keepDims);
  return [binary(emit, 'add', logarithm(emit, sum), reduce(emit, 'max', x, axes, keepDims))];
};

/** All axes where none are given, unless `noop_with_empty_axes`. */
function axesOf(emit: Emitter, x: Flowing, since: number): readonly number[] {
  const { scope } = emit;
  const given = scope.opset < since ? undefined : emit.optionalKnown(1);
  const axes = given ? numbersOf(given) : scope.opset < since ? scope.ints('axes', []) : [];
  if (axes.length > 0 || scope.int('noop_with_empty_axes', 0) !== 0) return axes;
  if (emit.lead === 1) throw new NotBatched('the batch is reduced');
  return x.shape.map((_, axis) => axis);
}

/** The index of the largest or smallest number, the first or the last such. */
function index(first: Reduction, last: Reduction): Rule {
  return (emit, scope) => {
    const x = emit.flow(0);
    const kind = scope.int('select_last_index', 0) === 0 ? first : last;
    const axis = scope.int('axis', 0);
    if (rankOf(x) === 0) scope.fail('expected an input of 1 axis or more, got a single number');
    return [reduce(emit, kind, x, [axis], scope.int('keepdims', 1) !== 0, 'int64')];
  };
}

export const reductions: Readonly<Record<string, Rule>> = {
  ReduceSum: reduction('sum', 13),
  ReduceMean: reduction('mean', 18),
  ReduceMax: reduction('max', 18),
  ReduceMin: reduction('min', 18),
  ReduceProd: reduction('product', 18),
  ReduceL1: reduction('sum', 18, magnitude),
  ReduceL2: reduction('sum', 18, square, root),
  ReduceSumSquare: reduction('sum', 18, square),
  ReduceLogSum: reduction('sum', 18, undefined, logarithm),
  ReduceLogSumExp: logSumExp,
  ArgMax: index('argmax', 'argmaxlast'),
  ArgMin: index('argmin', 'argminlast'),
};
