import type { NodeScope } from '../node-scope.js';
import { NotBatched } from '../not-batched.js';
import type { Known } from '../value.js';
import { cast } from './cast.js';
import { type Binary, combined, type Linear, legacyOperand, sameType, zip } from './elementwise.js';
import { type Evaluator, filled, type Inputs, isFloat, known, newNumbers, required } from './known.js';

export const add: Binary = { float: (a, b) => a + b, int: (a, b) => a + b, long: (a, b) => a + b };
const subtract: Binary = { float: (a, b) => a - b, int: (a, b) => a - b, long: (a, b) => a - b };
export const multiply: Binary = { float: (a, b) => a * b, int: Math.imul, long: (a, b) => a * b };
export const minimum: Binary = { float: Math.min, int: Math.min, long: (a, b) => (a < b ? a : b) };
export const maximum: Binary = { float: Math.max, int: Math.max, long: (a, b) => (a > b ? a : b) };

/** Integers are divided towards 0. */
const divide: Binary = {
  float: (a, b) => a / b,
  int: (a, b) => Math.trunc(a / b),
  long: (a, b) => a / b,
};
/** The remainder with the sign of the divisor, as in Python. */
const modulo: Binary = {
  float: (a, b) => {
    const rest = a % b;
    if (rest === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
    return rest < 0 !== b < 0 ? rest + b : rest;
  },
  int: (a, b) => ((a % b) + b) % b,
  long: (a, b) => ((a % b) + b) % b,
};
/** The remainder with the sign of the dividend, as in C. */
const remainder: Binary = { float: (a, b) => a % b, int: (a, b) => a % b, long: (a, b) => a % b };

const linear: Readonly<Record<string, Linear>> = {
  Add: (_a, p, _b, q) => p + q,
  Sub: (_a, p, _b, q) => p - q,
  Mul: (a, p, b, q) => (p !== 0 && q !== 0 ? undefined : p * b + a * q),
  // Exact where the divisor divides both parts.
  Div: (a, p, b, q) => (q !== 0 || (p !== 0 && (a % b !== 0 || p % b !== 0)) ? undefined : p / b),
};

/** The factors of the batch in a result; undefined where neither input depends on it. */
function batchesOf(scope: NodeScope, a: Known, b: Known): Float64Array | undefined {
  if (a.batches === undefined && b.batches === undefined) return undefined;
  const rule = linear[scope.op];
  const found: number[] = [];
  zip(scope, a, b, (i, atA, atB) => {
    const factor = rule?.(
      Number(a.data[atA]),
      a.batches?.[atA] ?? 0,
      Number(b.data[atB]),
      b.batches?.[atB] ?? 0,
    );
    if (factor === undefined) throw new NotBatched(`${scope.op} of numbers that depend on the batch`);
    found[i] = factor;
  });
  return Float64Array.from(found);
}

function compute(scope: NodeScope, a: Known, given: Known, binary: Binary): Known {
  const b = legacyOperand(scope, a, given);
  const type = sameType(scope, a, b);
  if (type === 'bool') scope.fail('expected numbers, got bool');
  const batches = batchesOf(scope, a, b);
  const { shape, data } = combined(scope, a, b, type, binary);
  return known(type, shape, data, batches);
}

const two =
  (binary: Binary): Evaluator =>
  (scope, inputs) => [compute(scope, required(scope, inputs, 0), required(scope, inputs, 1), binary)];

/** Division and remainder: no integer is divided by 0. */
const quotient =
  (binary: Binary): Evaluator =>
  (scope, inputs) => {
    const divisor = required(scope, inputs, 1);
    const zero = divisor.type === 'int64' ? 0n : 0;
    // The two array types search alike.
    if (!isFloat(divisor.type) && (divisor.data as Float64Array).includes(zero as number)) {
      scope.fail('expected integer divisors that are not 0');
    }
    return two(binary)(scope, inputs);
  };

/** Min, Max and Sum of any number of inputs. */
const many =
  (binary: Binary): Evaluator =>
  (scope, inputs) => {
    const values = inputs.map((_, i) => required(scope, inputs, i));
    const [start, ...others] = values;
    if (start === undefined) return scope.fail('expected at least one input');
    return [others.reduce((sum, value) => compute(scope, sum, value, binary), start)];
  };

function mean(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const wide = inputs.map((_, i) => cast(scope, required(scope, inputs, i), 'float64'));
  const [sum] = many(add)(scope, wide) as [Known];
  const data = (sum.data as Float64Array).map((value) => value / inputs.length);
  return [cast(scope, known('float64', sum.shape, data), required(scope, inputs, 0).type)];
}

/** a^b modulo 2^64; 0 where b is negative, but for a = 1 and -1. */
function longPower(a: bigint, b: bigint): bigint {
  if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
  let product = 1n;
  for (let square = a, left = b; left > 0n; left >>= 1n) {
    if (left & 1n) product = BigInt.asIntN(64, product * square);
    square = BigInt.asIntN(64, square * square);
  }
  return product;
}

const raise: Binary = { float: (a, b) => a ** b, int: (a, b) => a ** b, long: longPower };

/** The type of Pow is its base's; integers to a power of another type are computed in float64. */
function power(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const base = required(scope, inputs, 0);
  const exponent = legacyOperand(scope, base, required(scope, inputs, 1));
  if (base.type === exponent.type && (isFloat(base.type) || base.type === 'int64')) {
    return [combined(scope, base, exponent, base.type, raise)];
  }
  const [a, b] = [cast(scope, base, 'float64'), cast(scope, exponent, 'float64')];
  return [cast(scope, combined(scope, a, b, 'float64', raise), base.type)];
}

/** Negation is also that of the batch's factor. */
function negate(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const value = required(scope, inputs, 0);
  const data = newNumbers(value.type, value.data.length);
  const [to, from] = [data as Float64Array, value.data as Float64Array];
  for (let i = 0; i < to.length; i++) to[i] = -(from[i] as number);
  return [
    known(
      value.type,
      value.shape,
      data,
      value.batches?.map((factor) => -factor),
    ),
  ];
}

/** x, and slope x where x is negative. */
function pRelu(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const x = required(scope, inputs, 0);
  const slope = required(scope, inputs, 1);
  // Before opset 7 a slope per channel is a vector.
  const perChannel = scope.opset < 7 && slope.shape.length === 1 && x.shape.length > 1;
  const shape = perChannel ? [...slope.shape, ...new Array<number>(x.shape.length - 2).fill(1)] : slope.shape;
  const rectify: Binary = {
    float: (a, b) => (a < 0 ? a * b : a),
    int: (a, b) => (a < 0 ? Math.imul(a, b) : a),
    long: (a, b) => (a < 0n ? a * b : a),
  };
  return [compute(scope, x, { ...slope, shape }, rectify)];
}

function mod(scope: NodeScope, inputs: Inputs): readonly Known[] {
  return quotient(scope.int('fmod', 0) === 0 ? modulo : remainder)(scope, inputs);
}

const bits = (int: (a: number, b: number) => number, long: (a: bigint, b: bigint) => bigint): Binary => ({
  float: () => Number.NaN,
  int,
  long,
});

/** A shift by less than 0, or by the width of the type and more, moves all bits out: the sign alone is left behind. */
const leftShift = bits(
  (a, b) => (b >= 0 && b < 32 ? a << b : 0),
  (a, b) => (b >= 0n && b < 64n ? a << b : 0n),
);
const rightShift = bits(
  (a, b) => a >> (b >= 0 && b < 32 ? b : 31),
  (a, b) => a >> (b >= 0n && b < 64n ? b : 63n),
);

const bitwise =
  (binary: Binary): Evaluator =>
  (scope, inputs) => {
    if (isFloat(required(scope, inputs, 0).type)) scope.fail('expected integers, got floats');
    return two(binary)(scope, inputs);
  };

function bitShift(scope: NodeScope, inputs: Inputs): readonly Known[] {
  return bitwise(scope.string('direction') === 'LEFT' ? leftShift : rightShift)(scope, inputs);
}

function bitwiseNot(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const value = required(scope, inputs, 0);
  const ones = known(value.type, [], filled(value.type, 1, -1));
  return bitwise(exclusive)(scope, [value, ones]);
}

const exclusive = bits(
  (a, b) => a ^ b,
  (a, b) => a ^ b,
);

/** Operators that carry the batch where the result is linear in it. */
export const linears: Readonly<Record<string, Evaluator>> = {
  Add: two(add),
  Sub: two(subtract),
  Mul: two(multiply),
  Div: quotient(divide),
  Neg: negate,
};

export const arithmetic: Readonly<Record<string, Evaluator>> = {
  Mod: mod,
  Pow: power,
  PRelu: pRelu,
  Min: many(minimum),
  Max: many(maximum),
  Sum: many(add),
  Mean: mean,
  BitShift: bitShift,
  BitwiseAnd: bitwise(
    bits(
      (a, b) => a & b,
      (a, b) => a & b,
    ),
  ),
  BitwiseOr: bitwise(
    bits(
      (a, b) => a | b,
      (a, b) => a | b,
    ),
  ),
  BitwiseXor: bitwise(exclusive),
  BitwiseNot: bitwiseNot,
};
