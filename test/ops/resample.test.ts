import { describe, expect, test } from 'vitest';
import type { Expected } from '../support/bounds.js';
import { engines, open } from '../support/engines.js';
import { nameOf } from '../support/geometry.js';
import { floats } from '../support/random.js';
import { type Kind, runStep, stepPlan } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

interface Resample {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly count: number;
  readonly taps: number;
  readonly fill?: number;
  /** All weights are 1 and sums have one term: copies. */
  readonly copies?: boolean;
  /** Indices far outside, and some that are no numbers. */
  readonly wild?: boolean;
  readonly from?: Kind;
}

/** y[o, i, j] = sum of weight[i, t] x[o, index[i, t], j], with `fill` for negative indices. */
function reference(spec: Resample, [x, index, weight]: readonly Float32Array[]): Expected {
  const { outer, size, inner, count, taps } = spec;
  const fill = Math.fround(spec.fill ?? 0);
  const values = new Float64Array(outer * count * inner);
  const magnitude = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const j = at % inner;
    const i = Math.floor(at / inner) % count;
    const o = Math.floor(at / inner / count);
    const terms = Array.from({ length: taps }, (_, t) => {
      const cell = Math.min(index?.[i * taps + t] as number, size - 1);
      const value = cell >= 0 ? (x?.[(o * size + cell) * inner + j] as number) : fill;
      return (weight?.[i * taps + t] as number) * value;
    });
    values[at] = terms.reduce((sum, term) => sum + term);
    magnitude[at] = terms.reduce((sum, term) => sum + Math.abs(term), 0);
  }
  return { values, magnitude, terms: taps };
}

const wilder = [
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  Number.POSITIVE_INFINITY,
  -1e30,
  1e30,
  2 ** 31,
  -7,
  2 ** 24,
];

function indices(spec: Resample, next: () => number, length: number): Float32Array {
  const { size, wild } = spec;
  return Float32Array.from({ length }, () =>
    wild && next() < 0.4
      ? (wilder[Math.floor(next() * wilder.length)] as number)
      : Math.floor(next() * (size + 1)) - 1,
  );
}

function line(spec: Resample): Case {
  const { outer, size, inner, count, taps, fill = 0, copies = false, from = 'constant' } = spec;
  return {
    name: nameOf(spec),
    op: 'resample',
    exact: copies,
    geometry: { outer, size, inner, count, taps, fill },
    inputs: [
      { size: outer * size * inner, kind: 'sample' },
      { size: count * taps, kind: from },
      { size: count * taps, kind: from },
    ],
    outputs: [outer * count * inner],
    reference: (inputs) => reference(spec, inputs),
    data(next, input, length) {
      if (input === 0) return undefined;
      if (input === 1) return indices(spec, next, length);
      return copies ? new Float32Array(length).fill(1) : floats(next, length);
    },
  };
}

opSuite(
  'resample',
  [
    { outer: 1, size: 1, inner: 1, count: 1, taps: 1 },
    { outer: 3, size: 5, inner: 1, count: 7, taps: 1, copies: true, fill: 2.5 },
    { outer: 3, size: 5, inner: 4, count: 7, taps: 1, copies: true, fill: -1 },
    { outer: 1, size: 9, inner: 300, count: 4, taps: 1, copies: true },
    { outer: 2, size: 5, inner: 9, count: 6, taps: 1, fill: 3 },
    { outer: 3, size: 5, inner: 1, count: 7, taps: 2 },
    { outer: 4, size: 50, inner: 1, count: 33, taps: 4, fill: 0.5 },
    { outer: 2, size: 8, inner: 3, count: 16, taps: 2 },
    { outer: 2, size: 8, inner: 7, count: 5, taps: 3, fill: 1 },
    { outer: 2, size: 8, inner: 8, count: 5, taps: 2 },
    { outer: 2, size: 8, inner: 15, count: 5, taps: 4, fill: 1 },
    { outer: 2, size: 8, inner: 16, count: 5, taps: 4 },
    { outer: 1, size: 8, inner: 33, count: 3, taps: 2, from: 'shared' },
    { outer: 1, size: 3, inner: 131, count: 17, taps: 9 },
    { outer: 2, size: 30, inner: 1, count: 9001, taps: 2, fill: 1 },
    { outer: 2, size: 30, inner: 4, count: 2500, taps: 1 },
    { outer: 1, size: 3, inner: 8195, count: 2, taps: 2, fill: 1 },
    { outer: 1, size: 3, inner: 1, count: 2, taps: 70 },
    { outer: 2, size: 5, inner: 1, count: 40, taps: 2, wild: true, fill: 4 },
    { outer: 2, size: 5, inner: 6, count: 40, taps: 2, wild: true, fill: 4 },
  ].map((spec) => line(spec as Resample)),
);

const inners = [1, 5].map((inner) => ({ name: `inner = ${inner}`, inner }));

for (const engine of engines) {
  describe.skipIf(engine.missing !== undefined)(`resample on ${engine.title}`, () => {
    test.for(inners)('one tap of weight 1 keeps -0, infinity and NaN: $name', ({ inner }) => {
      const special = [-0, Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY, 0, 2.5];
      const spec = line({ outer: 1, size: 6, inner, count: 7, taps: 1, fill: Number.NEGATIVE_INFINITY });
      const x = Float32Array.from(special.flatMap((value) => Array<number>(inner).fill(value)));
      const data = [x, Float32Array.of(5, 4, 3, 2, 1, 0, -1), new Float32Array(7).fill(1)];
      const program = open(engine).load(stepPlan(spec, data));
      const [y] = runStep(program, spec, 1, data) as [Float32Array];
      const wanted = [...special.toReversed(), Number.NEGATIVE_INFINITY];
      expect([...y]).toEqual(wanted.flatMap((value) => Array<number>(inner).fill(value)));
      program.dispose();
    });
  });
}
