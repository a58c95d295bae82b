import { describe, expect, test } from 'vitest';
import { expectExact, expectSameBits, expectWithin, sumBound } from '../support/bounds.js';
import { engines, open } from '../support/engines.js';
import { nameOf } from '../support/geometry.js';
import { floats, integers, random } from '../support/random.js';
import { batchstats } from '../support/reference.js';
import { runStep, type StepSpec, stepPlan } from '../support/step.js';

const lines = [
  { rows: 1, c: 1 },
  { rows: 2, c: 1 },
  { rows: 7, c: 3 },
  { rows: 9, c: 8 },
  { rows: 5, c: 9 },
  { rows: 16, c: 16 },
  { rows: 13, c: 17 },
  { rows: 35, c: 33 },
  { rows: 3, c: 131 },
  { rows: 4096, c: 2 },
];

const specOf = ({ rows, c }: { rows: number; c: number }): StepSpec => ({
  op: 'batchstats',
  geometry: { rows, c },
  inputs: [{ size: rows * c, kind: 'sample' }],
  outputs: [c, c],
  sharedOutputs: true,
});

for (const engine of engines) {
  describe.skipIf(engine.missing !== undefined)(`batchstats on ${engine.title}`, () => {
    test.for(lines.map((line) => ({ ...line, name: nameOf(line) })))('$name', (line) => {
      const spec = specOf(line);
      const backend = open(engine);
      const program = backend.load(stepPlan(spec, []));
      const next = random(3);
      for (const batch of [1, 2, 5]) {
        // Means far from 0 need a variance that does not subtract squares.
        for (const offset of [0, 100]) {
          const x = floats(next, line.rows * line.c * batch).map((value) => value + offset);
          const [mean, variance] = runStep(program, spec, batch, [x]);
          const expected = batchstats(line.c, x);
          expectWithin(mean as Float32Array, expected.mean.values, sumBound(expected.mean));
          expectWithin(variance as Float32Array, expected.variance.values, sumBound(expected.variance));
        }
      }
    });

    test('constant columns have variance 0', () => {
      const spec = specOf({ rows: 16, c: 5 });
      const program = open(engine).load(stepPlan(spec, []));
      const [mean, variance] = runStep(program, spec, 4, [new Float32Array(320).fill(3)]);
      expectExact(mean as Float32Array, new Float32Array(5).fill(3));
      expectExact(variance as Float32Array, new Float32Array(5));
    });

    test('same bits for 1, 2 and 3 threads and again', () => {
      for (const line of lines) {
        const spec = specOf(line);
        const x = integers(random(9), line.rows * line.c * 5);
        const answers = [1, 2, 3].flatMap((threads) => {
          const program = open(engine, threads).load(stepPlan(spec, []));
          return [runStep(program, spec, 5, [x]), runStep(program, spec, 5, [x])];
        });
        expect(answers.length).toBe(6);
        for (const [mean, variance] of answers) {
          expectSameBits(mean as Float32Array, answers[0]?.[0] as Float32Array);
          expectSameBits(variance as Float32Array, answers[0]?.[1] as Float32Array);
        }
      }
    });
  });
}
