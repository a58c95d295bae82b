import { type Act, rules } from '../support/activation.js';
import { actFields, nameOf } from '../support/geometry.js';
import { floats, specials } from '../support/random.js';
import { batchnorm, scale } from '../support/reference.js';
import type { Kind } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

/** The smallest normal number. */
const tiny = 2 ** -126;

const plain = (values: Float32Array): { values: Float64Array; magnitude: Float64Array; terms: number } => ({
  values: Float64Array.from(values),
  magnitude: new Float64Array(values.length),
  terms: 0,
});

function unary(spec: Act & { size: number; range?: number }): Case {
  const { size, range } = spec;
  return {
    name: nameOf(spec),
    op: 'unary',
    act: spec,
    geometry: { size, ...actFields(spec) },
    inputs: [{ size, kind: 'sample' }],
    outputs: [size],
    reference: ([x]) => plain(x as Float32Array),
    data: (next, _input, length) => (range ? floats(next, length, -range, range) : undefined),
  };
}

function given(name: string, spec: Act, values: readonly number[]): Case {
  return {
    ...unary({ ...spec, size: values.length }),
    name: `${name} ${nameOf(spec)}`,
    data: (_next, _input, length) =>
      Float32Array.from({ length }, (_, i) => values[i % values.length] as number),
  };
}

/** Functions that are far from f(0) at once: an engine that flushes denormals takes them for 0. */
const jumps = ['log', 'sqrt', 'floor', 'ceil', 'sign'];

function special(spec: Act): Case {
  const values = specials.filter((x) => !jumps.includes(spec.act ?? '') || x === 0 || !(Math.abs(x) < tiny));
  return given('special values', spec, values);
}

/** Every power of two but the denormal ones, and their neighbours. */
const powers = Array.from({ length: 253 }, (_, i) => 2 ** (i - 126)).flatMap((x) => [
  x,
  x * (1 + 2 ** -23),
  x * (2 - 2 ** -23),
]);

/** Of both signs: halves, and numbers around the last half (2^22, 2^23) and the last odd number (2^24). */
const halves = Array.from({ length: 24 }, (_, i) => i / 2)
  .concat([0.49999997, 0.99999994, 2.4999998, 2.5000002])
  .concat([2 ** 22 - 1.5, 2 ** 22 - 0.5, 2 ** 22 + 0.5, 2 ** 22 + 1.5, 2 ** 23 - 0.5, 2 ** 23 - 1.5])
  .concat([2 ** 23, 2 ** 23 + 1, 2 ** 24 - 1, 2 ** 31, 2 ** 32, 2 ** 63])
  .flatMap((x) => [x, -x]);

/** Arguments for which a careless reduction leaves nothing: near multiples of pi / 2, small, large and huge. */
const angles = Array.from({ length: 40 }, (_, i) => (i * Math.PI) / 2)
  .concat([11, 22, 333, 355, 710, 103993, 104348, 16367173, 1e5, 1e6, 1e7, 1e9, 1e20, 1e30, 3e38, 1e-10])
  .flatMap((x) => [x, -x]);

const acts: readonly Act[] = [
  ...Object.keys(rules)
    .filter((act) => act !== 'none')
    .map((act) => ({ act })),
  { act: 'relu', beta: 6 },
  { act: 'leakyrelu', alpha: -0.5 },
  { act: 'elu', alpha: 0.3 },
  { act: 'hardsigmoid', alpha: 0.2, beta: 0.5 },
  { act: 'clip', alpha: 0, beta: 6 },
  { act: 'clip', alpha: Number.NEGATIVE_INFINITY, beta: Number.POSITIVE_INFINITY },
  { act: 'clip', alpha: 2, beta: -2 },
  { act: 'thresholdedrelu', alpha: -0.5 },
];

opSuite('unary', [
  ...[1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 97].map((size) => unary({ size, act: 'sigmoid' })),
  ...acts.map((act) => unary({ ...act, size: 333, range: 4 })),
  ...acts.map((act) => unary({ ...act, size: 333, range: 0.01 })),
  ...acts.map((act) => unary({ ...act, size: 333, range: 100 })),
  ...acts.map(special),
  ...['floor', 'ceil', 'round', 'trunc', 'sign'].map((act) => given('halves', { act }, halves)),
  ...['sin', 'cos'].map((act) => given('angles', { act }, angles)),
  ...['exp', 'log', 'reciprocal', 'sqrt'].map((act) => given('powers of two', { act }, powers)),
  unary({ size: 20011, act: 'tanh', range: 10 }),
  unary({ size: 20011, act: 'floor', range: 10 }),
]);

interface Rows extends Act {
  readonly rows: number;
  readonly c: number;
  readonly epsilon?: number;
  readonly kind?: Kind;
}

function scaleLine(spec: Rows): Case {
  const { rows, c, kind = 'constant' } = spec;
  return {
    name: nameOf(spec),
    op: 'scale',
    act: spec,
    geometry: { rows, c, ...actFields(spec) },
    inputs: [
      { size: rows * c, kind: 'sample' },
      { size: c, kind },
      { size: c, kind },
    ],
    outputs: [rows * c],
    reference: (inputs) => scale(c, inputs),
  };
}

function normLine(spec: Rows): Case {
  const { rows, c, kind = 'shared' } = spec;
  const epsilon = Math.fround(spec.epsilon ?? 1e-3);
  const vector = { size: c, kind };
  return {
    name: nameOf(spec),
    op: 'batchnorm',
    act: spec,
    geometry: { rows, c, epsilon, ...actFields(spec) },
    inputs: [{ size: rows * c, kind: 'sample' }, vector, vector, vector, vector],
    outputs: [rows * c],
    reference: (inputs) => batchnorm(c, epsilon, inputs),
    data: (next, input, size) => (input === 2 ? floats(next, size, 0.01, 4) : undefined),
  };
}

const rows: readonly Rows[] = [
  { rows: 1, c: 1 },
  { rows: 7, c: 1 },
  { rows: 1, c: 7 },
  { rows: 6, c: 8 },
  { rows: 5, c: 9, act: 'relu' },
  { rows: 5, c: 15, act: 'relu', beta: 6 },
  { rows: 4, c: 16 },
  { rows: 35, c: 17 },
  { rows: 3, c: 131 },
  { rows: 3, c: 19, act: 'leakyrelu', alpha: 0.1 },
  { rows: 3, c: 19, act: 'elu' },
  { rows: 3, c: 19, act: 'sigmoid' },
  { rows: 3, c: 19, act: 'tanh' },
  { rows: 3, c: 19, act: 'softplus' },
  { rows: 3, c: 19, act: 'hardsigmoid' },
  { rows: 3, c: 19, act: 'hardswish' },
  { rows: 3, c: 19, act: 'swish' },
  { rows: 3, c: 19, act: 'gelu' },
  { rows: 3, c: 19, act: 'gelutanh' },
  { rows: 5, c: 15, act: 'clip', alpha: -0.25, beta: 0.5 },
  { rows: 3, c: 19, act: 'abs' },
  { rows: 3, c: 19, act: 'erf' },
  { rows: 3, c: 19, act: 'sin' },
  { rows: 3, c: 19, act: 'softsign' },
  { rows: 3, c: 19, act: 'mish' },
];

opSuite('scale', [...rows, { rows: 4, c: 18, kind: 'shared' as const }].map(scaleLine));
opSuite(
  'batchnorm',
  [...rows, { rows: 4, c: 18, kind: 'constant' as const }, { rows: 4, c: 18, epsilon: 1 }].map(normLine),
);
