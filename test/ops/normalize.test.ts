import { describe, expect, test } from 'vitest';
import type { Expected } from '../support/bounds.js';
import { engines, open } from '../support/engines.js';
import { nameOf } from '../support/geometry.js';
import { floats } from '../support/random.js';
import { runStep, stepPlan } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

interface Lrn {
  readonly rows: number;
  readonly c: number;
  readonly size: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly bias?: number;
  readonly range?: number;
}

/** The relative error of d^beta is beta times that of d, and what the logarithm of d loses in a power of e. */
function lrn({ rows, c, size, ...given }: Lrn, [x]: readonly Float32Array[]): Expected {
  const [alpha, beta, bias] = [given.alpha ?? 1, given.beta ?? 0.75, given.bias ?? 1].map(Math.fround) as [
    number,
    number,
    number,
  ];
  const values = new Float64Array(rows * c);
  const magnitude = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const j = at % c;
    let sum = 0;
    for (let k = 0; k < c; k++) {
      const inside = k >= j - Math.floor((size - 1) / 2) && k <= j + Math.ceil((size - 1) / 2);
      if (inside) sum += (x?.[at - j + k] as number) ** 2;
    }
    const d = bias + (alpha / size) * sum;
    values[at] = (x?.[at] as number) / d ** beta;
    magnitude[at] = Math.abs(values[at] as number) * (1 + beta * (1 + Math.abs(Math.log(d))));
  }
  return { values, magnitude, terms: Math.min(size, c) + 8 };
}

function lrnLine(spec: Lrn): Case {
  const { rows, c, size, alpha = 1, beta = 0.75, bias = 1, range = 2 } = spec;
  return {
    name: nameOf(spec),
    op: 'lrn',
    geometry: { rows, c, size, alpha, beta, bias },
    inputs: [{ size: rows * c, kind: 'sample' }],
    outputs: [rows * c],
    reference: (inputs) => lrn(spec, inputs),
    data: (next, _input, length) => floats(next, length, -range, range),
  };
}

opSuite(
  'lrn',
  [
    { rows: 1, c: 1, size: 1 },
    { rows: 1, c: 1, size: 5 },
    { rows: 3, c: 7, size: 5 },
    { rows: 3, c: 8, size: 4 },
    { rows: 3, c: 9, size: 2, beta: 0.5 },
    { rows: 3, c: 16, size: 3, beta: 1 },
    { rows: 2, c: 17, size: 5, beta: 0.6 },
    { rows: 2, c: 33, size: 7, beta: 2.5, bias: 0.5, range: 50 },
    { rows: 2, c: 5, size: 100, bias: 2 },
    { rows: 2, c: 3, size: 2 ** 31 - 1 },
    { rows: 300, c: 64, size: 5, alpha: 1e-4 },
    { rows: 2, c: 131, size: 5, alpha: 2e-5, range: 200 },
    { rows: 2, c: 20, size: 3, beta: 0 },
  ].map(lrnLine),
);

interface Normalize {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly epsilon?: number;
  readonly mean?: number;
}

/** (x - mean) / sqrt(variance + epsilon): an error of the mean is one of the result, in units of the deviation. */
function normalize(spec: Normalize, [x]: readonly Float32Array[]): Expected {
  const { outer, size, inner } = spec;
  const epsilon = Math.fround(spec.epsilon ?? 1e-5);
  const values = new Float64Array(outer * size * inner);
  for (let o = 0; o < outer; o++)
    for (let j = 0; j < inner; j++) {
      const at = (i: number): number => (o * size + i) * inner + j;
      const column = Array.from({ length: size }, (_, i) => x?.[at(i)] as number);
      const mean = column.reduce((sum, value) => sum + value, 0) / size;
      const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
      column.forEach((value, i) => {
        values[at(i)] = (value - mean) / Math.sqrt(variance + epsilon);
      });
    }
  return { values, magnitude: values.map((value) => 1 + Math.abs(value)), terms: Math.min(size, 128) + 4 };
}

function normalizeLine(spec: Normalize): Case {
  const { outer, size, inner, epsilon = 1e-5, mean } = spec;
  return {
    name: nameOf(spec),
    op: 'normalize',
    geometry: { outer, size, inner, epsilon },
    inputs: [{ size: outer * size * inner, kind: 'sample' }],
    outputs: [outer * size * inner],
    reference: (inputs) => normalize(spec, inputs),
    data: (next, _input, length) => floats(next, length, (mean ?? 0) - 1, (mean ?? 0) + 1),
  };
}

opSuite(
  'normalize',
  [
    { outer: 1, size: 1, inner: 1 },
    { outer: 3, size: 7, inner: 1 },
    { outer: 3, size: 16, inner: 1 },
    { outer: 50, size: 33, inner: 1 },
    { outer: 2, size: 1000, inner: 1 },
    { outer: 2, size: 1000, inner: 1, mean: 1000 },
    { outer: 2, size: 129, inner: 3 },
    { outer: 2, size: 20, inner: 8 },
    { outer: 1, size: 130, inner: 15, mean: -500 },
    { outer: 3, size: 12, inner: 16 },
    { outer: 1, size: 49, inner: 17 },
    { outer: 2, size: 300, inner: 33, mean: 10000 },
    { outer: 1, size: 5, inner: 131, epsilon: 0.5 },
    { outer: 2, size: 1, inner: 20 },
  ].map(normalizeLine),
);

const inners = [1, 5].map((inner) => ({ name: `inner = ${inner}`, inner }));

for (const engine of engines) {
  describe.skipIf(engine.missing !== undefined)(`normalize on ${engine.title}`, () => {
    test.for(inners)('a constant gives 0, NaN and infinity stay in their column: $name', ({ inner }) => {
      const spec = normalizeLine({ outer: 3, size: 40, inner });
      const x = Float32Array.from({ length: 120 * inner }, (_, i) => (i < 40 * inner ? 1e6 : i % 7));
      x[40 * inner] = Number.NaN;
      x[80 * inner] = Number.POSITIVE_INFINITY;
      const program = open(engine).load(stepPlan(spec, [x]));
      const [y] = runStep(program, spec, 1, [x]) as [Float32Array];
      expect([...y.subarray(0, 40 * inner)].every((value) => value === 0)).toBe(true);
      y.subarray(40 * inner).forEach((value, i) => {
        expect(Number.isNaN(value)).toBe(i % inner === 0);
      });
      program.dispose();
    });
  });
}
