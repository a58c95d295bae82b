import { type Activation, activations } from './activation.js';
import { elementary } from './elementary.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

/**
 * Applies activation number `act` to the first `count` sums. NaN stays NaN; the products x f(x) give NaN at -Infinity,
 * where f is 0.
 */
export function activate(act: number, alpha: number, beta: number, count: number): void {
  const name = activations[act] as Activation;
  if (name === 'none') return;
  if (name === 'relu') rectify(beta, count);
  else if (name === 'hardsigmoid') clip(alpha, beta, 0, 1, count);
  else if (name === 'clip') clip(1, 0, alpha, beta, count);
  else if (name === 'tanh') tanhs(count);
  else if (name === 'sigmoid') sigmoids(count);
  else if (name === 'swish') swishes(count);
  else if (name === 'hardswish') hardSwishes(count);
  else if (name === 'exp') exps(count);
  else if (!elementary(name, count)) {
    for (let i = 0; i < count; i++) sums[i] = activated(name, alpha, sums[i] as number);
  }
}

function rectify(high: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = Math.min(positivePart(sums[i] as number), high);
}

/** max(x, 0), NaN for NaN. Without a branch on the sign of x: of sums that is a coin toss, and Math.max loses it. */
export function positivePart(x: number): number {
  const twice = x + Math.abs(x);
  if (!Number.isNaN(twice)) return 0.5 * twice;
  return Math.max(x, 0);
}

function clip(slope: number, shift: number, low: number, high: number, count: number): void {
  for (let i = 0; i < count; i++) {
    sums[i] = Math.min(Math.max(slope * (sums[i] as number) + shift, low), high);
  }
}

function tanhs(count: number): void {
  for (let i = 0; i < count; i++) {
    // t / (t + 2) with t = e^2x - 1; beyond 22 nothing is left to add to 1.
    const y = 2 * Math.min(Math.max(sums[i] as number, -22), 22);
    const n = Math.floor(y * Math.LOG2E + 0.5);
    const power = powers[(n + powerOfOne) | 0] as number;
    const t = power * expm1Near0(y - n * Math.LN2) + (power - 1);
    sums[i] = t / (t + 2);
  }
}

function sigmoids(count: number): void {
  for (let i = 0; i < count; i++) {
    const y = Math.min(Math.max(-(sums[i] as number), -110), 110);
    const n = Math.floor(y * Math.LOG2E + 0.5);
    const power = powers[(n + powerOfOne) | 0] as number;
    sums[i] = 1 / (power * expm1Near0(y - n * Math.LN2) + power + 1);
  }
}

/** x times its sigmoid. */
function swishes(count: number): void {
  for (let i = 0; i < count; i++) {
    const x = sums[i] as number;
    const y = Math.min(Math.max(-x, -110), 110);
    const n = Math.floor(y * Math.LOG2E + 0.5);
    const power = powers[(n + powerOfOne) | 0] as number;
    // The second summand is 0 but for the NaN at -Infinity.
    sums[i] = Math.max(x, -110) / (power * expm1Near0(y - n * Math.LN2) + power + 1) + 0 * Math.min(x, 0);
  }
}

function hardSwishes(count: number): void {
  for (let i = 0; i < count; i++) {
    const x = sums[i] as number;
    sums[i] = (x * Math.min(Math.max(x + 3, 0), 6)) / 6;
  }
}

function exps(count: number): void {
  for (let i = 0; i < count; i++) {
    const y = Math.min(Math.max(sums[i] as number, -110), 110);
    const n = Math.floor(y * Math.LOG2E + 0.5);
    const power = powers[(n + powerOfOne) | 0] as number;
    sums[i] = power * expm1Near0(y - n * Math.LN2) + power;
  }
}

/** 2^-159 to 2^160: what float32 can tell from 0 and infinity, and more. */
const powers = Float64Array.from({ length: 320 }, (_, i) => 2 ** (i - 159));
const powerOfOne = 159;

/** e^r - 1 for |r| <= ln(2) / 2 by its series, relative error below 2^-31; a call of Math.exp takes three times as long. */
function expm1Near0(r: number): number {
  const a = r * (1 / 5040) + 1 / 720;
  const b = ((a + (r * r) / 40320) * r + 1 / 120) * r + 1 / 24;
  return (((b * r + 1 / 6) * r + 1 / 2) * r + 1) * r;
}

function activated(name: Activation, alpha: number, x: number): number {
  switch (name) {
    case 'leakyrelu':
      return x < 0 ? alpha * x : x;
    case 'elu':
      return x < 0 ? alpha * Math.expm1(x) : x;
    case 'softplus':
      // log(1 + e^x) without overflow.
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case 'gelu':
      return x * normal(x);
    case 'gelutanh':
      // x (1 + tanh(u)) / 2 = x / (1 + e^-2u) with u = sqrt(2 / pi) (x + 0.044715 x^3).
      return x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    case 'erf':
      return erf(x);
    case 'softsign':
      // Clipped where x / (1 + |x|) is one in float64 too, for infinity / infinity is not.
      return Math.min(Math.max(x, -1e20), 1e20) / (1 + Math.min(Math.abs(x), 1e20));
    case 'mish':
      return mish(x);
    default:
      // thresholdedrelu, which jumps: the number that a float32 would hold.
      return Math.fround(x) <= alpha ? 0 : x;
  }
}

/**
 * x tanh(log(1 + e^x)): the tangent is (e^2 + 2 e) / (e^2 + 2 e + 2) with e = e^x, and for positive x the same in 1 / e,
 * which does not overflow.
 */
function mish(x: number): number {
  const e = Math.exp(-Math.abs(x));
  const tanh = x < 0 ? (e * (e + 2)) / (e * (e + 2) + 2) : (1 + 2 * e) / (1 + 2 * e + 2 * e * e);
  return x * tanh;
}

/** Near 0 the series, relative error 2^-30 at 0.5; beyond, from the tail of the normal distribution. */
function erf(x: number): number {
  const z = x * x;
  if (z > 0.25) return x < 0 ? 2 * normal(x * Math.SQRT2) - 1 : 1 - 2 * normal(-x * Math.SQRT2);
  const a = ((z / 9360 - 1 / 1320) * z + 1 / 216) * z - 1 / 42;
  return x * (2 / Math.sqrt(Math.PI)) * (((a * z + 1 / 10) * z - 1 / 3) * z + 1);
}

/**
 * The normal distribution (1 + erf(x / sqrt(2))) / 2. Its lower tail is e^(-t^2 / 2) times a quotient of polynomials
 * (Mills' ratio but for a constant), minimax on [0, 15] with relative error 2^-27; beyond that, nothing is left in
 * float32.
 */
function normal(x: number): number {
  const t = Math.abs(x);
  if (t > 15) return x < 0 ? 0 : 1;
  const top = (((0.0041531986 * t + 0.040880926) * t + 0.1839686) * t + 0.43928277) * t + 0.5;
  const bottom =
    ((((0.010410413 * t + 0.102479406) * t + 0.47140723) * t + 1.2055463) * t + 1.6764505) * t + 1;
  const tail = (Math.exp(-0.5 * t * t) * top) / bottom;
  return x < 0 ? tail : 1 - tail;
}
