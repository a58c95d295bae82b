import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  layers,
  load,
  loadOnnx,
  type Model,
  type ModelOptions,
  saveOnnx,
  sequential,
  type Tensor,
  tensor,
} from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { runModule } from './support/child.js';
import { available, nativeMissing, open } from './support/engines.js';
import { temporaryFolder } from './support/package.js';
import { floats, random } from './support/random.js';
import { stepPlan } from './support/step.js';

const linux = process.platform === 'linux';

const anyFloats = (size: number, seed: number): Float32Array => floats(random(seed), size);

describe.for(available.filter(({ name }) => name !== 'js'))('$title gives weights back', (engine) => {
  test.for([
    { groups: 1, k: 700, n: 403, tb: 0 },
    { groups: 1, k: 403, n: 700, tb: 1 },
    { groups: 3, k: 129, n: 331, tb: 0 },
    { groups: 2, k: 331, n: 17, tb: 1 },
    { groups: 1, k: 5000, n: 1, tb: 0 },
  ])('%o', ({ groups, k, n, tb }) => {
    const weights = anyFloats(groups * k * n, 1);
    weights[5] = -0;
    weights[6] = 1e-40;
    const spec = {
      op: 'matmul',
      geometry: { groups, m: 1, k, n, ta: 0, tb, bias: 0, half: 0, act: 0, alpha: 0, beta: 0 },
      inputs: [
        { size: groups * k, kind: 'sample' as const },
        { size: groups * k * n, kind: 'constant' as const },
      ],
      outputs: [groups * n],
    };
    const program = open(engine).load({ ...stepPlan(spec, [weights, weights]), constants: [weights] });
    const kept = weights.slice();
    const fresh = new Float32Array(weights.length);
    program.unpack?.(0, fresh);
    expectSameBits(fresh, kept);
    expect(program.giveBack?.(0, weights)).toBe(linux);
    // All but parts of pages.
    if (linux) expect(weights.filter((x) => x !== 0).length).toBeLessThanOrEqual((2 * 65536) / 4);
    program.unpack?.(0, weights);
    expectSameBits(weights, kept);
    expect(() => program.unpack?.(0, new Float32Array(3))).toThrow(/expected a Float32Array of/);
    expect(program.giveBack?.(1, weights)).toBe(false);
    program.dispose();
    expect(() => program.giveBack?.(0, weights)).toThrow(/disposed/);
    expectSameBits(weights, kept);
  });

  test('not those in half precision, nor those with factors', () => {
    const weights = anyFloats(512 * 600, 2);
    const geometry = { groups: 1, m: 1, k: 512, n: 600, ta: 0, tb: 0, bias: 0, act: 0, alpha: 0, beta: 0 };
    const spec = (half: number) => ({
      op: 'matmul',
      geometry: { ...geometry, half },
      inputs: [
        { size: 512, kind: 'sample' as const },
        { size: 512 * 600, kind: 'constant' as const },
      ],
      outputs: [600],
    });
    const plan = { ...stepPlan(spec(1), [weights, weights]), constants: [weights] };
    const scaled = { data: weights, scale: Float64Array.of(2), inner: weights.length };
    for (const other of [plan, { ...stepPlan(spec(0), [weights, weights]), constants: [scaled] }]) {
      const program = open(engine).load(other);
      expect(program.giveBack?.(0, weights)).toBe(false);
      expect(() => program.unpack?.(0, weights)).toThrow(/expected a constant that can be/);
      program.dispose();
    }
    expectSameBits(weights, anyFloats(512 * 600, 2));
  });
});

/** Dense layers of 1.7 and 1.6 MB, one that is too small to leave, and a convolution. */
const net = (options: ModelOptions = {}): Model =>
  sequential({
    ...options,
    layers: [
      layers.conv2d({ inputShape: [10, 10, 3], filters: 6, kernelSize: 1, activation: 'relu' }),
      layers.flatten(),
      layers.dense({ units: 700, activation: 'relu' }),
      layers.dense({ units: 600 }),
      layers.dense({ units: 10 }),
    ],
  });
const x = tensor(anyFloats(300, 3), [1, 10, 10, 3]);
const nchw = tensor(x.data, [1, 3, 10, 10]);
const small = { lowMemory: true } as const;

/** As `toEqual`, which would take minutes. */
function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}

function expectWeights(model: Model, expected: readonly Tensor[]): void {
  const got = model.getWeights();
  expect(got.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [i, { data }] of got.entries()) expectSameBits(data, (expected[i] as Tensor).data);
}

describe.skipIf(nativeMissing !== undefined)('lowMemory loses no weight', () => {
  const plain = net();
  const weights = plain.getWeights();
  const y = plain.predictSync(x).data;

  test('getWeights and weights, before and after', () => {
    const model = net(small);
    expectWeights(model, weights);
    expectSameBits(model.predictSync(x).data, y);
    expectWeights(model, weights);
    for (const [i, data] of [...model.weights.values()].entries()) {
      expectSameBits(data.data, (weights[i] as Tensor).data);
    }
    expectSameBits(model.predictSync(x).data, y);
  });

  test('toBytes and save, in the middle of predictions', async () => {
    const model = net(small);
    model.predictSync(x);
    const path = join(temporaryFolder(), 'net.safetensors');
    const saved = model.save(path);
    model.setWeights(model.getWeights());
    model.predictSync(x);
    await saved;
    expectBytes(model.toBytes(), plain.toBytes());
    const again = await load(path, small);
    expectSameBits(again.predictSync(x).data, y);
    expectWeights(again, weights);
    expectBytes(again.toBytes(), plain.toBytes());
    expectSameBits(again.predictSync(x).data, y);
  });

  test("the bytes that a model was loaded from are the caller's", async () => {
    const bytes = Buffer.from(plain.toBytes());
    const kept = Uint8Array.from(bytes);
    const models = await Promise.all([load(bytes, small), load(bytes, small)]);
    for (const model of models) expectSameBits(model.predictSync(x).data, y);
    expectBytes(bytes, kept);
    models[0]?.[Symbol.dispose]();
    expectWeights(models[0] as Model, weights);
    expectWeights(models[1] as Model, weights);
  });

  test('setWeights, with runs in flight', async () => {
    const model = net(small);
    const running = model.predict(x);
    const other = net({ seed: 9 });
    model.setWeights(other.getWeights());
    expectSameBits(model.predictSync(x).data, other.predictSync(x).data);
    expectSameBits((await running).data, y);
    expectWeights(model, other.getWeights());
  });

  test('dispose', async () => {
    const model = net(small);
    const running = model.predict(x);
    model[Symbol.dispose]();
    expectWeights(model, weights);
    expectSameBits((await running).data, y);
    expectBytes(model.toBytes(), plain.toBytes());
  });

  test('a layer in two models, and a layer used twice', () => {
    const shared = layers.dense({ inputShape: [600], units: 600 });
    const twice = (options: ModelOptions) => sequential({ ...options, layers: [shared, shared] });
    const [one, two] = [twice(small), twice({})];
    const input = tensor(anyFloats(600, 4), [600]);
    expectSameBits(one.predictSync(input).data, two.predictSync(input).data);
    expectWeights(one, two.getWeights());
  });

  test('an ONNX model at several sizes of its input, disposed and replaced', async () => {
    const path = join(temporaryFolder(), 'net.onnx');
    await saveOnnx(plain, path, { layout: 'nchw' });
    const [low, full] = await Promise.all([loadOnnx(path, small), loadOnnx(path)]);
    const answer = full.predictSync(nchw).data;
    const expected = full.getWeights();
    for (let batch = 1; batch < 4; batch++) {
      const many = tensor(
        Float32Array.from({ length: batch * 300 }, (_, i) => nchw.data[i % 300] ?? 0),
        [batch, 3, 10, 10],
      );
      expectSameBits(low.predictSync(many).data.slice(0, 10), answer);
    }
    low.summary();
    expectWeights(low, expected);
    expectBytes(low.toBytes(), full.toBytes());
    expectSameBits(low.predictSync(nchw).data, answer);
    low.setWeights(expected);
    expectSameBits(low.predictSync(nchw).data, answer);
    low[Symbol.dispose]();
    expectWeights(low, expected);
    const copy = join(temporaryFolder(), 'copy.onnx');
    await saveOnnx(low, copy);
    expectSameBits((await loadOnnx(copy, small)).predictSync(nchw).data, answer);
  });

  test('an ONNX model of fixed shapes has a program for each, and they share weights', async () => {
    const dense = sequential({ layers: [layers.dense({ inputShape: [12, 600], units: 600 })] });
    const path = join(temporaryFolder(), 'dense.onnx');
    await saveOnnx(dense, path);
    const [low, full] = await Promise.all([loadOnnx(path, small), loadOnnx(path)]);
    for (const batch of [1, 2, 1, 3]) {
      const input = tensor(anyFloats(batch * 12 * 600, batch), [batch, 12, 600]);
      expectSameBits(low.predictSync(input).data, full.predictSync(input).data);
    }
    expectWeights(low, full.getWeights());
  });

  test.skipIf(!linux)('and its memory is smaller by the raw weights', async () => {
    const path = join(temporaryFolder(), 'large.safetensors');
    const large = sequential({ layers: [layers.dense({ inputShape: [4096], units: 4096 })] });
    writeFileSync(path, large.toBytes());
    const resident = async (lowMemory: boolean): Promise<number> => {
      const ended = await runModule(`
        import { load, tensor } from 'neocog';
        const model = await load(${JSON.stringify(path)}, { lowMemory: ${lowMemory} });
        model.predictSync(tensor(new Float32Array(4096), [4096]));
        console.log(process.memoryUsage.rss());
      `);
      expect(ended.status, ended.stderr).toBe(0);
      return Number(ended.stdout);
    };
    const [low, usual] = [await resident(true), await resident(false)];
    expect(usual - low).toBeGreaterThan(50e6);
  });
});
