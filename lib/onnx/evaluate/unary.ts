import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import { cast } from './cast.js';
import { forType } from './elementwise.js';
import { erf } from './erf.js';
import {
  type Elements,
  type Evaluator,
  type Inputs,
  isFloat,
  known,
  newNumbers,
  numberOf,
  required,
  scalar,
} from './known.js';

type Function1 = (x: number) => number;

/** A function of each float, computed in float64 and rounded once. */
function mapped(scope: NodeScope, inputs: Inputs, apply: Function1): readonly Known[] {
  const { type, shape, data } = required(scope, inputs, 0);
  if (!isFloat(type)) return scope.fail(`expected float32 or float64, got ${type}`);
  const to = newNumbers(type, data.length) as Float64Array;
  const from = data as Float64Array;
  for (let i = 0; i < to.length; i++) to[i] = apply(from[i] as number);
  return [known(type, shape, to)];
}

const each =
  (apply: Function1): Evaluator =>
  (scope, inputs) =>
    mapped(scope, inputs, apply);

/** A function that also integers have; `long` is that of int64. */
const number =
  (apply: Function1, long: (x: bigint) => bigint): Evaluator =>
  (scope, inputs) => {
    const { type, shape, data } = required(scope, inputs, 0);
    const function1 = forType(type, { float: apply, int: apply, long });
    const to = newNumbers(type, data.length) as Float64Array;
    for (let i = 0; i < to.length; i++) to[i] = (function1 as Function1)(data[i] as number);
    return [known(type, shape, to)];
  };

/** The nearest whole number, halves to the even one. */
function round(x: number): number {
  const up = Math.round(x);
  // Math.round takes halves up; -0.4 stays -0 there as it should.
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

/** min(max(x, low), high): bounds are attributes before opset 11 and inputs after it. */
function clip(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const { type, shape, data } = required(scope, inputs, 0);
  const bound = (index: number, name: string): number | bigint | undefined => {
    const attribute = scope.has(name) ? scalar('float64', scope.float(name)) : undefined;
    const given = inputs[index] ?? attribute;
    return given && numberOf(scope, cast(scope, given, type));
  };
  const [low, high] = [bound(1, 'min'), bound(2, 'max')];
  const to: Elements = newNumbers(type, data.length);
  for (let i = 0; i < to.length; i++) {
    let value = data[i] as number | bigint;
    if (low !== undefined && value < low) value = low;
    if (high !== undefined && value > high) value = high;
    to[i] = value;
  }
  return [known(type, shape, to as typeof data)];
}

/** Stable forms: neither overflows. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const hardSigmoid = (x: number, alpha: number, beta: number): number =>
  Math.min(Math.max(alpha * x + beta, 0), 1);

/** An activation with parameters: read once for all elements. */
const parametric =
  (make: (scope: NodeScope) => Function1): Evaluator =>
  (scope, inputs) =>
    mapped(scope, inputs, make(scope));

const elu = parametric((scope) => {
  const alpha = scope.float('alpha', 1);
  return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
});

const celu = parametric((scope) => {
  const alpha = scope.float('alpha', 1);
  return (x) => (x < 0 ? alpha * Math.expm1(x / alpha) : x);
});

const selu = parametric((scope) => {
  const alpha = scope.float('alpha', 1.6732632423543772);
  const gamma = scope.float('gamma', 1.0507009873554805);
  return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
});

const gelu = parametric((scope) => {
  if (scope.string('approximate', 'none') === 'none') return (x) => (x * (1 + erf(x / Math.SQRT2))) / 2;
  return (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2;
});

const shrink = parametric((scope) => {
  const [lambd, bias] = [scope.float('lambd', 0.5), scope.float('bias', 0)];
  return (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0);
});

const leakyRelu = parametric((scope) => {
  const alpha = scope.float('alpha', 0.01);
  return (x) => (x < 0 ? alpha * x : x);
});

const thresholdedRelu = parametric((scope) => {
  const alpha = scope.float('alpha', 1);
  return (x) => (x <= alpha ? 0 : x);
});

/** Functions of one number. */
export const unary: Readonly<Record<string, Evaluator>> = {
  Abs: number(Math.abs, (x) => (x < 0n ? -x : x)),
  Sign: number(Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
  Relu: number(
    (x) => Math.max(x, 0),
    (x) => (x < 0n ? 0n : x),
  ),
  Clip: clip,
  Reciprocal: each((x) => 1 / x),
  Sqrt: each(Math.sqrt),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each(round),
  Erf: each(erf),
  Sin: each(Math.sin),
  Cos: each(Math.cos),
  Tan: each(Math.tan),
  Asin: each(Math.asin),
  Acos: each(Math.acos),
  Atan: each(Math.atan),
  Sinh: each(Math.sinh),
  Cosh: each(Math.cosh),
  Asinh: each(Math.asinh),
  Acosh: each(Math.acosh),
  Atanh: each(Math.atanh),
  Tanh: each(Math.tanh),
  Sigmoid: each(sigmoid),
  Softplus: each(softplus),
  Softsign: each((x) => (Math.abs(x) === Number.POSITIVE_INFINITY ? Math.sign(x) : x / (1 + Math.abs(x)))),
  Mish: each((x) => x * Math.tanh(softplus(x))),
  HardSwish: each((x) => x * hardSigmoid(x, 1 / 6, 0.5)),
  HardSigmoid: parametric((scope) => {
    const [alpha, beta] = [scope.float('alpha', 0.2), scope.float('beta', 0.5)];
    return (x) => hardSigmoid(x, alpha, beta);
  }),
  LeakyRelu: leakyRelu,
  ThresholdedRelu: thresholdedRelu,
  Elu: elu,
  Celu: celu,
  Selu: selu,
  Gelu: gelu,
  Shrink: shrink,
};
