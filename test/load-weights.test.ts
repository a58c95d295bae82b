import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { input, layers, ModelFileError, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { sizeOf } from './support/keras.js';
import { digitLayers } from './support/nets.js';
import { temporaryFolder } from './support/package.js';
import { floats, random } from './support/random.js';
import { refusal, refused } from './support/refusal.js';
import { fileOf } from './support/safetensors.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

/** A safetensors file with float32 tensors in this order, and their numbers: 0, 1, 2, ... in each, plus 1000 per tensor. */
function stateDict(shapes: Shapes, dtypes: Readonly<Record<string, string>> = {}) {
  const values = new Map<string, Float32Array>();
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const dtype = dtypes[name] ?? 'F32';
    const numbers = Float32Array.from({ length: sizeOf(shape) }, (_, i) => 1000 * values.size + i);
    const bytes = new Uint8Array(dtype === 'I64' ? BigInt64Array.of(7n).buffer : numbers.buffer);
    values.set(name, numbers);
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    parts.push(bytes);
  }
  const value = (name: string) => values.get(name) as Float32Array;
  return { file: fileOf(header, Buffer.concat(parts)), value };
}

const data = (net: { weights: ReadonlyMap<string, { data: Float32Array }> }, name: string): Float32Array =>
  (net.weights.get(name) as { data: Float32Array }).data;

/** The element of a row-major array. */
const at = (array: Float32Array, shape: readonly number[], ...index: readonly number[]): number =>
  array[index.reduce((sum, i, axis) => sum * (shape[axis] as number) + i, 0)] as number;

/** Calls `check` for every index of a shape. */
function each(shape: readonly number[], check: (...index: number[]) => void, ...before: number[]): void {
  const [length, ...rest] = shape;
  if (length === undefined) check(...before);
  else for (let i = 0; i < length; i++) each(rest, check, ...before, i);
}

const pytorch = { from: 'pytorch' } as const;

describe('layouts of PyTorch, by the names of layers', () => {
  test('convolutions, grouped ones and biases', async () => {
    const net = sequential({
      layers: [
        layers.conv2d({
          name: 'features.0',
          filters: 6,
          kernelSize: [3, 2],
          groups: 2,
          inputShape: [8, 8, 4],
        }),
      ],
    });
    const { file, value } = stateDict({ 'features.0.weight': [6, 2, 3, 2], 'features.0.bias': [6] });
    await net.loadWeights(file, pytorch);
    const kernel = data(net, 'features.0/kernel');
    each([6, 2, 3, 2], (o, i, h, w) =>
      expect(at(kernel, [3, 2, 2, 6], h, w, i, o)).toBe(
        at(value('features.0.weight'), [6, 2, 3, 2], o, i, h, w),
      ),
    );
    expect(data(net, 'features.0/bias')).toEqual(value('features.0.bias'));
  });

  test('depthwise and transposed convolutions', async () => {
    const net = sequential({
      layers: [
        layers.depthwiseConv2d({
          name: 'a',
          kernelSize: [2, 3],
          depthMultiplier: 2,
          useBias: false,
          inputShape: [8, 8, 3],
        }),
        layers.conv2dTranspose({ name: 'b', filters: 4, kernelSize: [3, 2], useBias: false }),
      ],
    });
    const { file, value } = stateDict({ 'a.weight': [6, 1, 2, 3], 'b.weight': [6, 4, 3, 2] });
    await net.loadWeights(file, pytorch);
    each([3, 2, 2, 3], (c, m, h, w) =>
      expect(at(data(net, 'a/kernel'), [2, 3, 3, 2], h, w, c, m)).toBe(
        at(value('a.weight'), [6, 1, 2, 3], 2 * c + m, 0, h, w),
      ),
    );
    each([6, 4, 3, 2], (i, o, h, w) =>
      expect(at(data(net, 'b/kernel'), [3, 2, 4, 6], h, w, o, i)).toBe(
        at(value('b.weight'), [6, 4, 3, 2], i, o, h, w),
      ),
    );
  });

  test('separable convolutions are two modules', async () => {
    const net = sequential({
      layers: [layers.separableConv2d({ name: 'a', filters: 2, kernelSize: 1, inputShape: [4, 4, 3] })],
    });
    const { file, value } = stateDict({
      'a.depthwise.weight': [3, 1, 1, 1],
      'a.pointwise.weight': [2, 3, 1, 1],
      'a.pointwise.bias': [2],
    });
    await net.loadWeights(file, pytorch);
    expect(data(net, 'a/depthwiseKernel')).toEqual(value('a.depthwise.weight'));
    each([2, 3], (o, i) =>
      expect(at(data(net, 'a/pointwiseKernel'), [3, 2], i, o)).toBe(
        at(value('a.pointwise.weight'), [2, 3], o, i),
      ),
    );
  });

  test('batch normalization and PReLU', async () => {
    const net = sequential({
      layers: [
        layers.batchNormalization({ name: 'bn', inputShape: [4, 4, 3] }),
        layers.prelu({ name: 'p', sharedAxes: [1, 2] }),
        layers.prelu({ name: 'q', sharedAxes: [1, 2] }),
      ],
    });
    const { file, value } = stateDict(
      {
        'bn.weight': [3],
        'bn.bias': [3],
        'bn.running_mean': [3],
        'bn.running_var': [3],
        'bn.num_batches_tracked': [],
        'p.weight': [3],
        'q.weight': [1],
      },
      { 'bn.num_batches_tracked': 'I64' },
    );
    await net.loadWeights(file, pytorch);
    expect(net.getWeights().map((weight) => weight.data)).toEqual([
      value('bn.weight'),
      value('bn.bias'),
      value('bn.running_mean'),
      value('bn.running_var'),
      value('p.weight'),
      Float32Array.of(6000, 6000, 6000),
    ]);
  });

  test('a linear layer behind a flattened image, with layers between', async () => {
    const [h, w, c, units] = [3, 2, 4, 2];
    const net = sequential({
      layers: [
        layers.flatten({ inputShape: [h, w, c] }),
        layers.dropout({ rate: 0.5 }),
        layers.batchNormalization({ name: 'bn', scale: false, center: false }),
        layers.dense({ name: 'fc', units }),
        layers.dense({ name: 'last', units: 1 }),
      ],
    });
    const { file, value } = stateDict({
      'bn.running_mean': [h * w * c],
      'bn.running_var': [h * w * c],
      'fc.weight': [units, h * w * c],
      'fc.bias': [units],
      'last.weight': [1, units],
      'last.bias': [1],
    });
    await net.loadWeights(file, pytorch);
    each([h, w, c], (y, x, k) => {
      const [ours, theirs] = [(y * w + x) * c + k, (k * h + y) * w + x];
      expect(data(net, 'bn/movingMean')[ours]).toBe(value('bn.running_mean')[theirs]);
      for (let o = 0; o < units; o++) {
        expect(at(data(net, 'fc/kernel'), [h * w * c, units], ours, o)).toBe(
          at(value('fc.weight'), [units, h * w * c], o, theirs),
        );
      }
    });
    expect(data(net, 'last/kernel')).toEqual(value('last.weight'));
  });
});

describe('which module belongs to which layer', () => {
  const conv = (name?: string) => layers.conv2d({ filters: 2, kernelSize: 1, useBias: false, name });
  const make = (...names: (string | undefined)[]) =>
    sequential({ layers: [layers.relu({ inputShape: [2, 2, 2] }), ...names.map(conv)] });
  const weight = [2, 2, 1, 1];
  const firsts = (net: ReturnType<typeof make>) =>
    net.getWeights().map((one) => Math.floor((one.data[0] as number) / 1000));

  test('names that equal those of layers, in any order', async () => {
    const net = make('b', 'a');
    await net.loadWeights(stateDict({ 'a.weight': weight, 'b.weight': weight }).file, pytorch);
    expect(firsts(net)).toEqual([1, 0]);
  });

  test('names from a function', async () => {
    const net = make('b', 'a');
    const names = (layer: string) => (layer === 'a' ? 'net.1' : 'net.0');
    const { file } = stateDict({ 'net.1.weight': weight, 'net.0.weight': weight });
    await net.loadWeights(file, { ...pytorch, names });
    expect(firsts(net)).toEqual([1, 0]);
  });

  test('sorted names: numbers in them count', async () => {
    const net = make(undefined, undefined, undefined);
    const { file } = stateDict({ 'f.0.weight': weight, 'f.10.weight': weight, 'f.2.weight': weight });
    await net.loadWeights(file, pytorch);
    expect(firsts(net)).toEqual([0, 2, 1]);
  });

  test('other orders are that of the network', async () => {
    const net = make(undefined, undefined, undefined);
    const { file } = stateDict({ 'stem.weight': weight, 'body.weight': weight, 'head.weight': weight });
    await net.loadWeights(file, pytorch);
    expect(firsts(net)).toEqual([0, 1, 2]);
  });

  test('kinds are counted apart', async () => {
    const a = input({ shape: [2, 2, 2] });
    const b = layers.batchNormalization({ center: false, scale: false }).apply(conv().apply(a));
    const c = layers
      .dense({ units: 2, useBias: false })
      .apply(layers.globalAveragePooling2d().apply(conv().apply(b)));
    const net = model({ inputs: a, outputs: c });
    const { file } = stateDict({
      'bn1.running_mean': [2],
      'bn1.running_var': [2],
      'conv1.weight': weight,
      'fc.weight': [2, 2],
      'layer1.conv1.weight': weight,
    });
    await net.loadWeights(file, pytorch);
    expect(net.getWeights().map(({ data: [first = 0] }) => Math.floor(first / 1000))).toEqual([
      2, 0, 1, 4, 3,
    ]);
  });

  const fault = async (net: ReturnType<typeof make>, shapes: Shapes, rule: RegExp, more: object = {}) => {
    const before = net.getWeights();
    const error = await refusal(() => net.loadWeights(stateDict(shapes).file, { ...pytorch, ...more }));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toMatch(/^loadWeights: \d+ bytes: /);
    expect(error.message).toMatch(rule);
    expect(net.getWeights()).toEqual(before);
  };

  test('what does not fit is named', async () => {
    const by = make('a', 'b');
    await fault(by, { 'a.weight': weight }, /layer "b": expected tensors "b\.\*", got none/);
    await fault(
      by,
      { 'a.weight': weight, 'b.weight': [2, 2, 3, 3] },
      /layer "b": expected tensor "b.weight" of PyTorch's shape \[2, 2, 1, 1\], got \[2, 2, 3, 3\]/,
    );
    await fault(
      by,
      { 'a.weight': weight, 'b.weight': weight, 'b.bias': [2] },
      /got "b.bias" too \(strict: false/,
    );
    await fault(
      by,
      { 'a.weight': weight, 'b.kernel': weight },
      /layer "b": expected a tensor "b.weight", got none/,
    );
    await fault(
      by,
      { 'x.weight': weight },
      /layer "a": expected tensor|layer "b": expected a convolution more than the 1/,
    );
    await fault(
      by,
      { 'x.weight': weight },
      /layer "b": expected two|expected one layer to take it, got two/,
      { names: () => 'x' },
    );
    await fault(make(undefined), { 'x.weight': weight, 'y.weight': weight }, /got "y.weight" too/);
    await fault(
      make(undefined),
      { 'x.weight': [2, 2] },
      /expected a convolution more than the 0 in the file/,
    );
  });

  test('strict: false leaves tensors out that no layer takes', async () => {
    const net = make('a');
    const { file } = stateDict({ 'a.weight': weight, 'aux.weight': weight });
    await net.loadWeights(file, { ...pytorch, strict: false });
    expect(firsts(net)).toEqual([0]);
  });

  test('integers are no weights', async () => {
    const { file } = stateDict({ 'a.weight': [1, 1, 1, 1] }, { 'a.weight': 'I64' });
    const net = sequential({
      layers: [
        layers.conv2d({ name: 'a', filters: 1, kernelSize: 1, useBias: false, inputShape: [2, 2, 1] }),
      ],
    });
    const error = await refusal(() => net.loadWeights(file, pytorch));
    expect(error.message).toMatch(/expected F32, F16, BF16 or F64, got I64/);
  });
});

describe('our own names and layouts', () => {
  test('what save wrote, by path, URL and bytes', async () => {
    const trained = sequential({ layers: digitLayers(), seed: 5 });
    const path = join(temporaryFolder(), 'model.safetensors');
    writeFileSync(path, trained.toBytes());
    const x = tensor(floats(random(3), 28 * 28), [1, 28, 28, 1]);
    for (const from of [path, pathToFileURL(path), trained.toBytes()]) {
      const net = sequential({ layers: digitLayers() });
      net.predictSync(x);
      await net.loadWeights(from);
      expect(net.predictSync(x).data).toEqual(trained.predictSync(x).data);
    }
  });

  test('other names, more tensors, bad options', async () => {
    const net = () =>
      sequential({ layers: [layers.dense({ name: 'd', units: 1, useBias: false, inputShape: [2] })] });
    const own = { 'd/kernel': [2, 1] };
    await net().loadWeights(stateDict(own).file);
    await net().loadWeights(stateDict({ ...own, more: [1] }).file, { strict: false });
    const errors = [
      () => net().loadWeights(stateDict({ ...own, more: [1] }).file),
      () => net().loadWeights(stateDict({ 'e/kernel': [2, 1] }).file),
      () => net().loadWeights(stateDict({ 'd/kernel': [1, 2] }).file),
      () => net().loadWeights(new Uint8Array(3)),
      () => net().loadWeights(join(temporaryFolder(), 'none')),
    ];
    for (const body of errors) expect(await refusal(body)).toBeInstanceOf(ModelFileError);
    const { file } = stateDict(own);
    await refused(() => net().loadWeights(file, { from: 'keras' } as object), 'from');
    await refused(() => net().loadWeights(file, { names: 5 } as object), 'names');
    await refused(() => net().loadWeights(5 as unknown as string), 'the weights');
  });
});
