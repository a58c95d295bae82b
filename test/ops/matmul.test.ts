import { describe, expect, test } from 'vitest';
import type { Act } from '../support/activation.js';
import { available, open } from '../support/engines.js';
import { actFields, nameOf } from '../support/geometry.js';
import { roundedHalf, specialHalves, wholeHalf } from '../support/half.js';
import { matmul } from '../support/reference.js';
import { type Kind, runStep, stepPlan } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

interface Line extends Act {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly groups?: number;
  readonly ta?: boolean;
  readonly tb?: boolean;
  readonly bias?: boolean;
  readonly b?: Kind;
  /** Weights kept in half precision. */
  readonly half?: boolean;
}

function line(spec: Line): Case {
  const { m, k, n, groups = 1, ta = false, tb = false, bias = false, b = 'constant', half = false } = spec;
  const flags = { ta: Number(ta), tb: Number(tb), bias: Number(bias), half: Number(half) };
  return {
    name: nameOf(spec),
    op: 'matmul',
    act: spec,
    geometry: { groups, m, k, n, ...flags, ...actFields(spec) },
    inputs: [
      { size: groups * m * k, kind: 'sample' },
      { size: groups * k * n, kind: b },
      ...(bias ? [{ size: n, kind: b === 'sample' ? ('shared' as const) : b }] : []),
    ],
    outputs: [groups * m * n],
    reference([a, weights, ...rest]) {
      const kept = half ? (weights as Float32Array).map(roundedHalf) : (weights as Float32Array);
      return matmul({ groups, m, k, n, ta, tb }, [a as Float32Array, kept, ...rest]);
    },
  };
}

const edges = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 65];

const lines: readonly Line[] = [
  // Each size alone through the lanes and tiles.
  ...edges.map((n) => ({ m: 1, k: 5, n })),
  ...edges.map((n) => ({ m: 7, k: 3, n, bias: true })),
  ...edges.map((m) => ({ m, k: 4, n: 18 })),
  ...edges.map((k) => ({ m: 5, k, n: 19 })),
  // Blocks along each side.
  { m: 1, k: 1000, n: 10, bias: true },
  { m: 2, k: 2305, n: 3 },
  { m: 3, k: 521, n: 67 },
  { m: 131, k: 17, n: 5 },
  { m: 13, k: 19, n: 523, bias: true },
  { m: 29, k: 257, n: 97 },
  // Transposed factors.
  { m: 5, k: 7, n: 9, ta: true },
  { m: 5, k: 7, n: 9, tb: true },
  { m: 17, k: 33, n: 15, ta: true, tb: true, bias: true },
  { m: 1, k: 37, n: 41, tb: true },
  { m: 15, k: 1, n: 16, ta: true },
  // The second factor as an input, shared or one for each sample, alone and in groups.
  { m: 6, k: 11, n: 17, b: 'shared', bias: true },
  { m: 6, k: 11, n: 17, b: 'shared', tb: true },
  { m: 6, k: 11, n: 17, b: 'sample' },
  { m: 7, k: 5, n: 33, groups: 3 },
  { m: 7, k: 5, n: 8, groups: 4, b: 'sample', tb: true },
  { m: 4, k: 6, n: 5, groups: 2, b: 'sample', ta: true, bias: true },
  { m: 1, k: 6, n: 5, groups: 5, b: 'shared' },
  // Every activation in the epilogue.
  { m: 3, k: 9, n: 17, bias: true, act: 'relu' },
  { m: 3, k: 9, n: 17, bias: true, act: 'relu', beta: 1 },
  { m: 3, k: 9, n: 17, bias: true, act: 'leakyrelu', alpha: 0.1 },
  { m: 3, k: 9, n: 17, bias: true, act: 'elu' },
  { m: 3, k: 9, n: 17, bias: true, act: 'sigmoid' },
  { m: 3, k: 9, n: 17, bias: true, act: 'tanh' },
  { m: 3, k: 9, n: 17, bias: true, act: 'softplus' },
  { m: 3, k: 9, n: 17, bias: true, act: 'hardsigmoid', alpha: 0.2, beta: 0.5 },
  { m: 3, k: 9, n: 17, bias: true, act: 'hardswish' },
  { m: 3, k: 9, n: 17, bias: true, act: 'swish' },
  { m: 3, k: 9, n: 17, bias: true, act: 'gelu' },
  { m: 3, k: 9, n: 17, bias: true, act: 'gelutanh' },
  { m: 3, k: 9, n: 17, bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
  { m: 1, k: 9, n: 131, bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
];

opSuite('matmul', lines.map(line));

opSuite(
  'matmul in half precision',
  [
    ...edges.map((n) => ({ m: 1, k: 5, n })),
    ...edges.map((n) => ({ m: 7, k: 3, n, bias: true })),
    ...[1, 127, 128, 129, 257, 512, 1025].map((k) => ({ m: 3, k, n: 19, bias: true })),
    { m: 1, k: 30, n: 523, bias: true, act: 'sigmoid' },
    { m: 1, k: 30, n: 523, tb: true },
    { m: 2, k: 2305, n: 5, bias: true, act: 'relu' },
    // More rows than a tile of them: copied where they lie 2 KiB apart.
    { m: 13, k: 512, n: 33, bias: true },
    { m: 101, k: 512, n: 7 },
    { m: 17, k: 133, n: 35, ta: true, tb: true },
    { m: 5, k: 37, n: 33, groups: 3 },
    // Packed in each run.
    { m: 6, k: 11, n: 17, b: 'shared' },
    { m: 6, k: 11, n: 17, b: 'sample', tb: true },
  ].map((spec) => line({ ...(spec as Line), half: true })),
);

for (const engine of available) {
  describe(`every half on ${engine.title}`, () => {
    // Column i of the product is weight i times one.
    const products = (weights: Float32Array): Float32Array => {
      const item = line({ m: 1, k: 1, n: weights.length, half: true });
      const data = [Float32Array.of(1), weights];
      const program = open(engine).load(stepPlan(item, data));
      const [y] = runStep(program, item, 1, data) as [Float32Array];
      program.dispose();
      return y;
    };

    test('is kept as it is, subnormals, infinities and NaN too', () => {
      const numbers = Float32Array.from({ length: 2 ** 16 }, (_, half) => wholeHalf(half));
      const y = products(numbers);
      // A product begins with 0, to which -0 adds nothing.
      expect(y.findIndex((value, i) => !Object.is(value, (numbers[i] as number) + 0))).toBe(-1);
    });

    test('is the nearest one, even of two that are equally near', () => {
      const y = products(specialHalves);
      const wrong = [...specialHalves].filter((x, i) => !Object.is(y[i], roundedHalf(x) + 0));
      expect(wrong).toEqual([]);
    });
  });
}
