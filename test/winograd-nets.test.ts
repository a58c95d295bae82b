import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  input,
  layers,
  load,
  loadOnnx,
  type Model,
  type ModelOptions,
  model,
  saveOnnx,
  sequential,
  type Tensor,
  tensor,
  zoo,
} from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits, relativeError } from './support/bounds.js';
import { available } from './support/engines.js';
import { randomTensor } from './support/nets.js';

const native = available.filter(({ name }) => name !== 'js');
const batch = 5;

type Flow = ReturnType<typeof input>;
const conv = (x: Flow, filters: number, more: object = {}): Flow =>
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', ...more }).apply(x);
const ending = (x: Flow, y: Flow, options: ModelOptions): Model =>
  model({ seed: 4, ...options, inputs: x, outputs: layers.globalAveragePooling2d().apply(y) });

/** Networks whose windows of 3x3 are wide enough for Winograd's algorithm: with residuals, in branches, in dense blocks. */
const nets: readonly [string, (options: ModelOptions) => Model][] = [
  [
    'residuals',
    (options) => {
      const x = input({ shape: [21, 26, 24] });
      let y = x;
      for (let i = 0; i < 3; i++) {
        const inside = conv(conv(y, 24, { activation: 'relu' }), 24);
        y = layers.relu().apply(layers.add().apply([y, inside]));
      }
      return ending(x, conv(layers.maxPooling2d({ poolSize: 2 }).apply(y), 40), options);
    },
  ],
  [
    'branches and dense blocks',
    (options) => {
      const x = input({ shape: [17, 22, 16] });
      let y = layers
        .concatenate()
        .apply([conv(x, 20, { activation: 'relu' }), conv(x, 12, { kernelSize: 1 }), conv(x, 9)]);
      for (let i = 0; i < 3; i++) y = layers.concatenate().apply([y, conv(y, 16, { activation: 'swish' })]);
      return ending(x, y, options);
    },
  ],
];

/** What each choice of algorithms says to the same images; the first is the usual one. */
const choices: readonly ModelOptions[] = [
  {},
  { batchHint: 64 },
  { lowMemory: true },
  { lowMemory: true, batchHint: 8 },
];

const sample = (x: Tensor, i: number): Tensor => {
  const size = x.data.length / batch;
  return tensor(x.data.slice(i * size, (i + 1) * size), [1, ...x.shape.slice(1)]);
};

describe.each(native)('networks on $name', ({ options }) => {
  test.each(nets)('%s: the same bits for any threads, again, and among neighbours', (_, make) => {
    for (const choice of [...choices, { exact: true }]) {
      const first = make({ ...options, ...choice, threads: 1 });
      const x = randomTensor([batch, ...(first.inputs[0]?.shape ?? [])], 5);
      const wanted = first.predictSync(x).data;
      const length = wanted.length / batch;
      for (const threads of [1, 2, 3]) {
        const net = make({ ...options, ...choice, threads });
        for (let again = 0; again < 2; again++) expectSameBits(net.predictSync(x).data, wanted);
        for (const i of [0, batch - 1]) {
          const alone = net.predictSync(sample(x, i)).data;
          expectSameBits(alone, wanted.slice(i * length, (i + 1) * length));
        }
        net[Symbol.dispose]();
      }
      first[Symbol.dispose]();
    }
  });
});

describe.each(available)('algorithms on $name', ({ options }) => {
  test.each(nets)('%s: every choice is near the exact answer, and not the same', (_, make) => {
    const exact = make({ ...options, exact: true });
    const x = randomTensor([2, ...(exact.inputs[0]?.shape ?? [])], 6);
    const wanted = exact.predictSync(x).data;
    for (const choice of choices) {
      const distance = relativeError(make({ ...options, ...choice }).predictSync(x).data, wanted);
      expect(distance).toBeGreaterThan(0);
      expect(distance).toBeLessThanOrEqual(2e-5);
    }
  });
});

const small = (options: object): Model =>
  sequential({
    seed: 3,
    ...options,
    layers: [
      layers.conv2d({ inputShape: [20, 20, 16], filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.globalAveragePooling2d(),
    ],
  });

test('files are read with the options, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-winograd-'));
  try {
    const net = small({});
    const x = randomTensor([2, 20, 20, 16], 8);
    const [fast, exact] = [net, small({ exact: true })].map((one) => one.predictSync(x).data) as [
      Float32Array,
      Float32Array,
    ];
    expect(relativeError(fast, exact)).toBeGreaterThan(0);
    await net.save(join(folder, 'net.safetensors'));
    await saveOnnx(net, join(folder, 'net.onnx'));
    for (const [path, read] of [
      ['net.safetensors', load],
      ['net.onnx', loadOnnx],
    ] as const) {
      const answer = async (options: ModelOptions) =>
        (await read(join(folder, path), options)).predictSync(x).data;
      expectSameBits(await answer({}), fast);
      expectSameBits(await answer({ exact: true }), exact);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  [{ exact: 'yes' }, /expected exact to be true or false, got "yes"/],
  [{ exact: 1 }, /expected exact to be true or false, got 1/],
  [{ lowMemory: null }, /expected lowMemory to be true or false, got null/],
  [{ batchHint: 0 }, /expected batchHint to be a positive integer.*got 0/],
  [{ batchHint: 1.5 }, /expected batchHint to be a positive integer.*got 1\.5/],
  [{ batchHint: '8' }, /expected batchHint to be a positive integer.*got "8"/],
  [{ batchHint: Number.NaN }, /expected batchHint to be a positive integer.*got NaN/],
  [{ batchHints: 8 }, /batchHints/],
])('%o is refused', (options, message) => {
  expect(() => small(options)).toThrow(message);
  expect(() => zoo.lenet5(options as ModelOptions)).toThrow(message);
});
