/** An activation of a case: name and its two parameters. */
export interface Act {
  readonly act?: string;
  readonly alpha?: number;
  readonly beta?: number;
}

interface Rule {
  /** The function itself in float64. */
  f(x: number, alpha: number, beta: number): number;
  /** The largest slope: errors of the argument grow by it. */
  slope(alpha: number): number;
  /** How far a float32 kernel may be from f(x), given x exactly. */
  error(x: number, y: number, alpha: number, beta: number): number;
}

const ulp = 2 ** -23;
const relative =
  (ulps: number) =>
  (_x: number, y: number): number =>
    ulps * ulp * Math.abs(y);

const clip = (x: number, low: number, high: number): number => (x < low ? low : Math.min(x, high));
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** Rounds halves to the even number. */
function nearest(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** x tanh(log(1 + e^x)) */
function mish(x: number): number {
  const e = Math.exp(x);
  return x < 0 ? x * ((e * (e + 2)) / (e * (e + 2) + 2)) : x * Math.tanh(x + Math.log1p(Math.exp(-x)));
}

/** erf's complement: a series of positive terms near 0, a continued fraction beyond. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 0) return 2 - erfc(-x);
  if (x > 27) return 0;
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; term > sum * 1e-18; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 200; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

export function erf(x: number): number {
  const t = Math.abs(x);
  if (!(t < 2)) return Math.sign(x) * (1 - erfc(t));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const geluSlope = 1.13;
/** Functions that jump or grow without bound stand alone in these tables, where their argument is exact. */
const unbounded = (): number => Number.MAX_VALUE;
const exact = (f: (x: number) => number): Rule => ({ f, slope: unbounded, error: () => 0 });

/** Products x f(x) are NaN at -Infinity, as -Infinity * 0 is. */
export const rules: Readonly<Record<string, Rule>> = {
  none: { f: (x) => x, slope: () => 1, error: () => 0 },
  relu: { f: (x, _a, beta) => clip(x, 0, beta), slope: () => 1, error: () => 0 },
  leakyrelu: { f: (x, a) => (x < 0 ? a * x : x), slope: (a) => Math.max(1, Math.abs(a)), error: relative(1) },
  // exp(x) - 1 is allowed: near 0 its error is absolute.
  elu: {
    f: (x, a) => (x < 0 ? a * Math.expm1(x) : x),
    slope: (a) => Math.max(1, Math.abs(a)),
    error: (x, y, a) => (x < 0 ? 2 * ulp * (Math.abs(y) + Math.abs(a)) : 0),
  },
  sigmoid: { f: sigmoid, slope: () => 0.25, error: relative(4) },
  tanh: { f: Math.tanh, slope: () => 1, error: relative(4) },
  softplus: {
    f: (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))),
    slope: () => 1,
    error: relative(4),
  },
  hardsigmoid: {
    f: (x, a, b) => clip(a * x + b, 0, 1),
    slope: Math.abs,
    error: (x, y, a, b) => (y === 0 || y === 1 ? ulp : ulp * (Math.abs(a * x) + Math.abs(b))),
  },
  hardswish: {
    f: (x) => x * (clip(x + 3, 0, 6) / 6),
    slope: () => 1.5,
    error: (x, y) => 2 * ulp * Math.max(Math.abs(y), Math.abs(x) < 4 ? Math.abs(x) : 0),
  },
  swish: { f: (x) => x * sigmoid(x), slope: () => 1.1, error: relative(6) },
  // Relative in the negative tail too, where the result is a vanishing fraction of x.
  gelu: {
    f: (x) => x * (erfc(-x / Math.SQRT2) / 2),
    slope: () => geluSlope,
    error: relative(8),
  },
  gelutanh: {
    f: (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
    slope: () => geluSlope,
    error: relative(8),
  },
  clip: { f: (x, a, b) => Math.min(Math.max(x, a), b), slope: () => 1, error: () => 0 },
  exp: { f: Math.exp, slope: unbounded, error: relative(1.5) },
  log: { f: Math.log, slope: unbounded, error: relative(1.5) },
  sqrt: { f: Math.sqrt, slope: unbounded, error: relative(0.5) },
  abs: { f: Math.abs, slope: () => 1, error: () => 0 },
  reciprocal: { f: (x) => 1 / x, slope: unbounded, error: relative(0.5) },
  floor: exact(Math.floor),
  ceil: exact(Math.ceil),
  round: exact(nearest),
  trunc: exact(Math.trunc),
  sign: exact(Math.sign),
  erf: { f: erf, slope: () => geluSlope, error: relative(1.5) },
  sin: { f: Math.sin, slope: () => 1, error: relative(1) },
  cos: { f: Math.cos, slope: () => 1, error: relative(1) },
  softsign: {
    f: (x) => (Math.abs(x) > 1e20 ? Math.sign(x) : x / (1 + Math.abs(x))),
    slope: () => 1,
    error: relative(2),
  },
  mish: { f: mish, slope: () => 1.1, error: relative(6) },
  thresholdedrelu: { f: (x, a) => (x <= a ? 0 : x), slope: unbounded, error: () => 0 },
};

/** The parameters that a plan records when an activation has none of its own. */
const defaults: Readonly<Record<string, readonly [number, number]>> = {
  relu: [0, Number.POSITIVE_INFINITY],
  leakyrelu: [0.3, 0],
  elu: [1, 0],
  hardsigmoid: [1 / 6, 0.5],
  clip: [-1, 1],
  thresholdedrelu: [1, 0],
};

/** The two parameters as float32 numbers, as a plan holds them. */
export function parameters({ act = 'none', alpha, beta }: Act): { alpha: number; beta: number } {
  const [a, b] = defaults[act] ?? [0, 0];
  return { alpha: Math.fround(alpha ?? a), beta: Math.fround(beta ?? b) };
}

/** f over a reference: bounds grow by the slope and by the function's own error. */
export function activate(
  { act = 'none', ...rest }: Act,
  values: Float64Array,
  bound: Float64Array,
): { values: Float64Array; bound: Float64Array } {
  const rule = rules[act] as Rule;
  const { alpha, beta } = parameters({ act, ...rest });
  const out = values.map((x) => rule.f(x, alpha, beta));
  const allowed = bound.map(
    (b, i) => rule.slope(alpha) * b + rule.error(values[i] as number, out[i] as number, alpha, beta),
  );
  return { values: out, bound: allowed };
}
