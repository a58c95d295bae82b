import { describe, expect, test } from 'vitest';
import { expectSameBits } from '../support/bounds.js';
import { type Convolution, convolution } from '../support/conv2d.js';
import { engines, open } from '../support/engines.js';
import { fenced, guarded } from '../support/fences.js';
import type { Plan, Ref } from '../support/internals.js';
import { floats, random } from '../support/random.js';
import { runStep, stepPlan } from '../support/step.js';
import { opSuite } from '../support/suite.js';
import { transforms } from '../support/winograd.js';

type Shape = Omit<Convolution, 'k' | 'winograd'>;

const same = [1, 1, 1, 1] as const;

const shapes: readonly Shape[] = [
  // Maps around the tiles: less than one, several, hanging over the border.
  { h: 1, w: 1, c: 1, oc: 1, pad: same, bias: true },
  { h: 3, w: 3, c: 1, oc: 1 },
  { h: 2, w: 3, c: 2, oc: 3, pad: same },
  { h: 4, w: 4, c: 5, oc: 4, pad: same, bias: true, act: 'relu' },
  { h: 5, w: 5, c: 3, oc: 8, pad: same },
  { h: 6, w: 6, c: 8, oc: 16 },
  { h: 7, w: 9, c: 16, oc: 17, pad: same, bias: true },
  { h: 13, w: 10, c: 7, oc: 9, pad: same },
  { h: 1, w: 12, c: 4, oc: 6, pad: same },
  { h: 11, w: 1, c: 4, oc: 6, pad: same },
  // Several blocks of tiles.
  { h: 25, w: 27, c: 9, oc: 10, pad: same, bias: true },
  // Padding of any kind, also of two cells, which leaves whole lines of a tile outside.
  { h: 5, w: 6, c: 4, oc: 5, pad: [2, 2, 2, 2], bias: true },
  { h: 4, w: 7, c: 4, oc: 5, pad: [0, 1, 2, 0] },
  { h: 6, w: 5, c: 4, oc: 5, pad: [2, 0, 0, 1] },
  { h: 1, w: 2, c: 3, oc: 5, pad: [2, 2, 2, 2] },
  // Channels around the vectors and panels.
  { h: 5, w: 6, c: 15, oc: 31, pad: same },
  { h: 5, w: 6, c: 33, oc: 24, pad: same, bias: true },
  { h: 3, w: 6, c: 40, oc: 65, pad: same },
  { h: 3, w: 3, c: 21, oc: 70, pad: same, bias: true, act: 'relu', beta: 6 },
  { h: 4, w: 3, c: 70, oc: 129, pad: same },
  { h: 3, w: 4, c: 530, oc: 6, pad: same },
  // The other order of the kernel, weights packed in a run.
  { h: 6, w: 7, c: 19, oc: 37, pad: same, bias: true, oihw: true },
  { h: 5, w: 5, c: 8, oc: 20, pad: same, bias: true, weights: 'shared' },
  { h: 5, w: 5, c: 18, oc: 12, pad: same, oihw: true, weights: 'shared' },
  // The epilogue.
  { h: 7, w: 6, c: 6, oc: 18, pad: same, bias: true, residual: true, act: 'relu' },
  { h: 7, w: 6, c: 6, oc: 40, pad: same, residual: false, bias: true, act: 'leakyrelu', alpha: 0.1 },
  { h: 5, w: 9, c: 6, oc: 70, pad: same, bias: true, residual: true, act: 'swish' },
  { h: 5, w: 5, c: 6, oc: 11, pad: same, bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
  { h: 6, w: 5, c: 6, oc: 19, bias: true, act: 'tanh' },
];

const both = [2, 4] as const;
const lines = shapes.flatMap((shape) =>
  both.map((winograd): Convolution => ({ ...shape, k: [3, 3], winograd })),
);

opSuite('winograd', lines.map(convolution));

test.for(both)('the transforms of tiles of %i compute a correlation', (m) => {
  const { a, b, g } = transforms[m];
  const unit = (length: number, at: number) => Array.from({ length }, (_, i) => Number(i === at));
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, v, i) => sum + v * (y[i] as number), 0);
  for (let d = 0; d < m + 2; d++)
    for (let w = 0; w < 3; w++) {
      const products = b.map((row, p) => dot(row, unit(m + 2, d)) * dot(g[p] as number[], unit(3, w)));
      const outputs = a.map((row) => dot(row, products));
      outputs.forEach((y, i) => {
        expect(y).toBeCloseTo(Number(d === i + w), 14);
      });
    }
});

/** Rows of `width` floats, `pitch` apart, with `between` in the rest. */
function spread(data: Float32Array, width: number, pitch: number, between: number): Float32Array {
  const wide = new Float32Array((data.length / width) * pitch).fill(between);
  for (let i = 0; i < data.length; i++) wide[Math.floor(i / width) * pitch + (i % width)] = data[i] as number;
  return wide;
}

const pitched: readonly Shape[] = [
  { h: 6, w: 7, c: 9, oc: 13, pad: same, bias: true, residual: true, act: 'swish' },
  { h: 9, w: 5, c: 16, oc: 80, pad: same, bias: true, residual: true, act: 'relu' },
];

for (const engine of engines) {
  describe.skipIf(engine.missing !== undefined)(`winograd among other channels on ${engine.title}`, () => {
    test.for(pitched.flatMap((shape) => both.map((m) => [m, shape] as const)))(
      '%i %o',
      ([winograd, shape]) => {
        const item = convolution({ ...shape, k: [3, 3], winograd });
        const batch = 3;
        const next = random(11);
        const data = item.inputs.map(({ size, kind }) =>
          floats(next, kind === 'sample' ? size * batch : size),
        );
        const alone = stepPlan(item, data);
        const [wanted] = runStep(open(engine).load(alone), item, batch, data) as [Float32Array];

        const widths = [shape.c, shape.oc as number] as const;
        const apart = (ref: Ref, width: number, more: number): Ref => {
          const pitch = width + more;
          return { ...ref, start: 2, stride: (ref.size / width) * pitch, pitch };
        };
        const [step] = alone.steps as [Plan['steps'][number]];
        const [x, kernel, bias, residual] = step.inputs as [Ref, Ref, Ref, Ref];
        const [y] = step.outputs as [Ref];
        const inputs = [apart(x, widths[0], 5), kernel, bias, apart(residual, widths[1], 7)];
        const outputs = [apart(y, widths[1], 3)];
        const plan: Plan = {
          ...alone,
          steps: [{ ...step, inputs, outputs }],
          inputs: alone.inputs.map((port, i) => ({ ...port, size: (inputs[3 * i] as Ref).stride })),
          outputs: alone.outputs.map((port) => ({ ...port, size: (outputs[0] as Ref).stride })),
        };
        const shifted = (values: Float32Array, width: number, pitch: number) => {
          const wide = spread(values, width, pitch, Number.NaN);
          wide.copyWithin(2, 0);
          return fenced(wide.fill(Number.NaN, 0, 2));
        };
        const target = guarded((outputs[0] as Ref).stride * batch);
        open(engine)
          .load(plan)
          .runSync(
            batch,
            [
              shifted(data[0] as Float32Array, widths[0], widths[0] + 5),
              shifted(data[3] as Float32Array, widths[1], widths[1] + 7),
            ],
            [target.view],
          );
        target.check();
        expectSameBits(target.view, shifted(wanted, widths[1], widths[1] + 3));
      },
    );
  });
}
