import { join } from 'node:path';
import {
  layers,
  load,
  loadOnnx,
  type Model,
  type ModelOptions,
  saveOnnx,
  sequential,
  tensor,
  zoo,
} from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { available } from './support/engines.js';
import { compile, graphBuilder } from './support/internals.js';
import { temporaryFolder } from './support/package.js';
import { floats, random } from './support/random.js';

const perceptron = (options: ModelOptions): Model =>
  sequential({
    ...options,
    layers: [
      layers.dense({ inputShape: [600], units: 700, activation: 'relu' }),
      layers.dense({ units: 500, activation: 'tanh' }),
      layers.dense({ units: 10 }),
    ],
  });

function relativeL2(y: Float32Array, r: Float32Array): number {
  let [difference, size] = [0, 0];
  for (const [i, value] of r.entries()) {
    difference += ((y[i] as number) - value) ** 2;
    size += value ** 2;
  }
  return Math.sqrt(difference / size);
}

const x = tensor(floats(random(3), 3 * 600), [3, 600]);

describe.for(available)("weights: 'f16' on $title", ({ options }) => {
  test('moves answers by less than 1e-3, and moves them', () => {
    const [full, half] = [perceptron(options), perceptron({ ...options, weights: 'f16' })];
    const distance = relativeL2(half.predictSync(x).data, full.predictSync(x).data);
    expect(distance).toBeLessThan(1e-3);
    expect(distance).toBeGreaterThan(1e-6);
  });

  test('a sample has the same bits in any batch', () => {
    const half = perceptron({ ...options, weights: 'f16' });
    const many = tensor(floats(random(4), 21 * 600), [21, 600]);
    const all = half.predictSync(many).data;
    for (const sample of [0, 7, 20]) {
      const one = tensor(many.data.slice(sample * 600, (sample + 1) * 600), [600]);
      expectSameBits(half.predictSync(one).data, all.slice(sample * 10, (sample + 1) * 10));
    }
  });

  test('goes with exact and lowMemory', () => {
    const half = perceptron({ ...options, weights: 'f16' }).predictSync(x).data;
    const both = perceptron({ ...options, weights: 'f16', exact: true, lowMemory: true }).predictSync(x).data;
    expectSameBits(both, half);
  });
});

test('weights and files keep what they were given', async () => {
  const [full, half] = [perceptron({}), perceptron({ weights: 'f16' })];
  half.predictSync(x);
  expect(Buffer.compare(half.toBytes(), full.toBytes())).toBe(0);
  for (const [i, { data }] of half.getWeights().entries()) {
    expectSameBits(data, full.getWeights()[i]?.data as Float32Array);
  }
  const again = await load(half.toBytes(), { weights: 'f16' });
  expectSameBits(again.predictSync(x).data, half.predictSync(x).data);
  expectSameBits((await load(half.toBytes())).predictSync(x).data, full.predictSync(x).data);
  const path = join(temporaryFolder(), 'perceptron.onnx');
  await saveOnnx(half, path);
  expectSameBits((await loadOnnx(path, { weights: 'f16' })).predictSync(x).data, half.predictSync(x).data);
});

test('a whole network of the zoo', () => {
  const options = { inputShape: [64, 64, 3], seed: 2 } as const;
  const image = tensor(floats(random(5), 64 * 64 * 3), [64, 64, 3]);
  const [full, half] = [{}, { weights: 'f16' as const }].map((more) =>
    zoo.resnet18({ ...options, ...more }).predictSync(image),
  );
  const distance = relativeL2(half?.data as Float32Array, full?.data as Float32Array);
  expect(distance).toBeLessThan(1e-3);
  expect(distance).toBeGreaterThan(1e-6);
});

describe('which weights are halved', () => {
  const choice = (numbers: Float32Array, k = 512, n = 512): number | undefined => {
    const graph = graphBuilder();
    const ids = [graph.input('x', [k]), graph.constant('b', [k, n], numbers)];
    const plan = compile(graph.finish(graph.node('matmul', 'dense', {}, ids)), {
      exact: false,
      lowMemory: false,
      batchHint: 1,
      weights: 'f16',
    });
    return plan.steps.find(({ op }) => op === 'matmul')?.geometry.half;
  };
  const numbers = floats(random(6), 512 * 512);
  const changed = (at: number, value: number): Float32Array => {
    const copy = numbers.slice();
    copy[at] = value;
    return copy;
  };

  test('those of large layers', () => {
    expect(choice(numbers)).toBe(1);
    expect(choice(numbers.slice(0, 511 * 512), 511)).toBe(0);
  });

  test('only where they fit', () => {
    expect(choice(changed(1000, 65504))).toBe(1);
    expect(choice(changed(1000, -65505))).toBe(0);
    expect(choice(changed(1000, Number.POSITIVE_INFINITY))).toBe(0);
    expect(choice(changed(1000, Number.NaN))).toBe(0);
    expect(choice(numbers.map((number) => number * 2 ** -18))).toBe(0);
  });
});
