import { type Act, rules } from '../support/activation.js';
import { actFields, nameOf } from '../support/geometry.js';
import { floats, specials } from '../support/random.js';
import { batchnorm, binary, scale } from '../support/reference.js';
import type { Kind } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

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

function special(spec: Act): Case {
  return {
    ...unary({ ...spec, size: specials.length }),
    name: `special values ${nameOf(spec)}`,
    data: (_next, _input, length) =>
      Float32Array.from({ length }, (_, i) => specials[i % specials.length] as number),
  };
}

const acts: readonly Act[] = [
  ...Object.keys(rules)
    .filter((act) => act !== 'none')
    .map((act) => ({ act })),
  { act: 'relu', beta: 6 },
  { act: 'leakyrelu', alpha: -0.5 },
  { act: 'elu', alpha: 0.3 },
  { act: 'hardsigmoid', alpha: 0.2, beta: 0.5 },
];

opSuite('unary', [
  ...[1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 97].map((size) => unary({ size, act: 'sigmoid' })),
  ...acts.map((act) => unary({ ...act, size: 333, range: 4 })),
  ...acts.map((act) => unary({ ...act, size: 333, range: 0.01 })),
  ...acts.map((act) => unary({ ...act, size: 333, range: 100 })),
  ...acts.map(special),
  unary({ size: 20011, act: 'tanh', range: 10 }),
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
];

opSuite('scale', [...rows, { rows: 4, c: 18, kind: 'shared' as const }].map(scaleLine));
opSuite(
  'batchnorm',
  [...rows, { rows: 4, c: 18, kind: 'constant' as const }, { rows: 4, c: 18, epsilon: 1 }].map(normLine),
);

/** `b` is broadcast along every axis where it has 1. */
interface Broadcast extends Act {
  readonly kind: 'add' | 'multiply' | 'prelu';
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly from?: Kind;
}

const binaries = ['add', 'multiply', 'prelu'];

function strides(shape: readonly number[], dims: readonly number[]): number[] {
  const padded = [...dims.map(() => 1).slice(shape.length), ...shape];
  let step = 1;
  return padded
    .map((length, i) => ({ length, i }))
    .reverse()
    .map(({ length }) => {
      const stride = length === 1 ? 0 : step;
      step *= length;
      return stride;
    })
    .reverse();
}

function binaryLine(spec: Broadcast): Case {
  const rank = 6;
  const whole = (shape: readonly number[]): number[] => [...Array(rank - shape.length).fill(1), ...shape];
  const [a, b] = [whole(spec.a), whole(spec.b)];
  const dims = a.map((length, i) => Math.max(length, b[i] as number));
  const [aStrides, bStrides] = [strides(a, dims), strides(b, dims)];
  const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
  const fields = (prefix: string, values: readonly number[]): Record<string, number> =>
    Object.fromEntries(values.map((value, i) => [`${prefix}${i}`, value]));
  return {
    name: nameOf(spec),
    op: 'binary',
    act: spec,
    // Sums and products of two floats are rounded once, so every input has one right answer.
    exact: spec.act === undefined,
    geometry: {
      kind: binaries.indexOf(spec.kind),
      ...fields('d', dims),
      ...fields('a', aStrides),
      ...fields('b', bStrides),
      ...actFields(spec),
    },
    inputs: [
      { size: product(a), kind: 'sample' },
      { size: product(b), kind: spec.from ?? 'sample' },
    ],
    outputs: [product(dims)],
    reference: (inputs) => binary(spec.kind, dims, aStrides, bStrides, inputs),
  };
}

const shapes: readonly (readonly [number[], number[]])[] = [
  [[1], [1]],
  [[7], [7]],
  [[16], [1]],
  [[1], [17]],
  [
    [5, 6, 9],
    [5, 6, 9],
  ],
  [
    [5, 6, 9],
    [1, 1, 9],
  ],
  [
    [5, 6, 17],
    [5, 6, 1],
  ],
  [
    [5, 6, 17],
    [5, 1, 1],
  ],
  [
    [5, 1, 8],
    [1, 6, 8],
  ],
  [
    [2, 1, 3, 1, 5],
    [1, 4, 1, 2, 1],
  ],
];

opSuite('binary', [
  ...shapes.flatMap(([a, b]) => binaries.map((kind) => binaryLine({ kind: kind as 'add', a, b }))),
  binaryLine({ kind: 'add', a: [5, 6, 9], b: [9], from: 'constant' }),
  binaryLine({ kind: 'prelu', a: [5, 6, 9], b: [9], from: 'constant' }),
  binaryLine({ kind: 'prelu', a: [5, 6, 9], b: [5, 6, 9], from: 'shared' }),
  binaryLine({ kind: 'add', a: [4, 4, 19], b: [4, 4, 19], act: 'relu' }),
  binaryLine({ kind: 'add', a: [4, 4, 19], b: [4, 4, 19], act: 'relu', beta: 1 }),
  binaryLine({ kind: 'multiply', a: [4, 4, 19], b: [19], act: 'swish' }),
]);
