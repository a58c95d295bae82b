import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { input, layers, type Model, model, type SaveOnnxOptions, saveOnnx, sequential, zoo } from 'neocog';
import { describe, expect, test } from 'vitest';
import { type OnnxFile, readOnnx } from '../support/internals.js';
import { smallNet } from '../support/nets.js';
import { temporaryFolder } from '../support/package.js';
import { refusal, refused } from '../support/refusal.js';

async function exported(net: Model, options?: SaveOnnxOptions): Promise<OnnxFile> {
  const path = join(temporaryFolder(), 'net.onnx');
  await saveOnnx(net, path, options);
  return readOnnx(readFileSync(path), (rule) => {
    throw new Error(rule);
  });
}

const count = (file: OnnxFile, op: string): number => file.nodes.filter((node) => node.op === op).length;

test('ports, versions, metadata and weights of a file', async () => {
  const net = sequential({
    layers: [layers.conv2d({ inputShape: [5, 6, 2], filters: 3, kernelSize: [1, 2], strides: 2, name: 'c' })],
    preprocessing: { size: [5, 6] },
    labels: ['a', 'b'],
  });
  const file = await exported(net);
  expect(file).toMatchObject({ irVersion: 8, opset: 17 });
  expect(file.inputs).toEqual([{ name: 'input_1', type: 'float32', shape: ['n', 5, 6, 2] }]);
  expect(file.outputs).toEqual([{ name: 'c', type: 'float32', shape: ['n', 3, 3, 3] }]);
  expect([...file.metadata]).toEqual([
    ['preprocessing', '{"size":[5,6]}'],
    ['labels', '["a","b"]'],
  ]);
  expect(file.nodes.map(({ op }) => op)).toEqual(['Transpose', 'Conv', 'Transpose']);
  const { shape, data } = net.weights.get('c/kernel') ?? { shape: [], data: new Float32Array() };
  expect(shape).toEqual([1, 2, 2, 3]);
  const kernel = file.initializers.get('c/kernel');
  expect(kernel?.shape).toEqual([3, 2, 1, 2]);
  // [o, c, v] of the file is [v, c, o] of the layer.
  const wanted = Array.from(
    { length: 12 },
    (_, i) => data[(i % 2) * 6 + (Math.floor(i / 2) % 2) * 3 + Math.floor(i / 4)],
  );
  expect(kernel?.data).toEqual(Float32Array.from(wanted));
  expect(file.nodes[1]?.attributes.get('strides')).toEqual({ kind: 'ints', value: [2, 2] });

  const turned = await exported(net, { layout: 'nchw' });
  expect(turned.inputs[0]?.shape).toEqual(['n', 2, 5, 6]);
  expect(turned.outputs[0]?.shape).toEqual(['n', 3, 3, 3]);
  expect(turned.nodes.map(({ op }) => op)).toEqual(['Conv']);
});

/** Transposes of an exported net in its two layouts. */
const transposes: readonly [keyof typeof zoo, object, number, number][] = [
  ['resnet18', {}, 1, 0],
  ['densenet121', {}, 1, 0],
  ['squeezenet', {}, 1, 0],
  ['mobilenetV1', { alpha: 0.25 }, 1, 0],
  ['mobilenetV3Small', {}, 1, 0],
  // flatten has its numbers in the order of the layers.
  ['lenet5', { inputShape: [32, 32, 3] }, 2, 1],
];

test.for(transposes)('%s %j is turned once, at the entrance', async ([name, options, last, first]) => {
  const make = zoo[name] as (options: object) => Model;
  const net = make({ inputShape: [32, 32, 3], classes: 3, ...options });
  expect(count(await exported(net), 'Transpose')).toBe(last);
  expect(count(await exported(net, { layout: 'nchw' }), 'Transpose')).toBe(first);
});

test('every name is made once and before it is read, whatever the layers are called', async () => {
  const x = input({ shape: [4, 4, 2], name: 'a/Conv' });
  const shared = layers.conv2d({ filters: 2, kernelSize: 1, name: 'a', activation: 'gelu' });
  const y = shared.apply(shared.apply(x));
  const z = layers.gelu({ name: 'a/kernel' }).apply(y);
  const file = await exported(model({ inputs: x, outputs: [z, y, x] }));
  const known = new Set([...file.inputs.map(({ name }) => name), ...file.initializers.keys()]);
  expect(known.size).toBe(file.inputs.length + file.initializers.size);
  for (const node of file.nodes) {
    for (const name of node.inputs) expect(known).toContain(name);
    for (const name of node.outputs) {
      expect(known).not.toContain(name);
      known.add(name);
    }
  }
  expect(file.outputs.map(({ name }) => name)).toEqual(['a/kernel', 'a', 'a/Conv']);
  for (const { name } of file.outputs) expect(known).toContain(name);
  expect(new Set(file.nodes.map(({ name }) => name)).size).toBe(file.nodes.length);
  // The kernel of the shared layer is there once, under another name than the output that is called like it.
  expect([...file.initializers.values()].filter(({ shape }) => shape.length === 4)).toHaveLength(1);
});

test('weights are those of the moment at which saveOnnx was called', async () => {
  const net = smallNet();
  const before = net.weights.get('answer/bias')?.data;
  const path = join(temporaryFolder(), 'net.onnx');
  const saving = saveOnnx(net, path);
  net.setWeights(
    net.getWeights().map(({ shape, data }) => ({ shape, data: data.map(() => 7), dtype: 'float32' })),
  );
  await saving;
  const file = readOnnx(readFileSync(path), (rule) => {
    throw new Error(rule);
  });
  expect(file.initializers.get('answer/bias')?.data).toEqual(before);
});

describe('files appear whole or not at all', () => {
  test('paths and file URLs; what was there is replaced', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a b.onnx');
    writeFileSync(path, 'old');
    await saveOnnx(smallNet(), pathToFileURL(path));
    expect(readdirSync(folder)).toEqual(['a b.onnx']);
    expect(readFileSync(path).length).toBeGreaterThan(1000);
  });

  test('a folder that is not there, or a folder in the place of the file', async () => {
    const folder = temporaryFolder();
    const error = await refusal(() => saveOnnx(smallNet(), join(folder, 'none', 'net.onnx')));
    expect(error.code).toBe('ERR_MODEL_FILE');
    expect(error.message).toMatch(/^saveOnnx: ".*net.onnx" could not be written: ENOENT/);
    mkdirSync(join(folder, 'net.onnx'));
    expect((await refusal(() => saveOnnx(smallNet(), join(folder, 'net.onnx')))).code).toBe('ERR_MODEL_FILE');
    expect(readdirSync(folder)).toEqual(['net.onnx']);
  });
});

describe('what is refused', () => {
  const path = join(tmpdir(), 'neocog-never.onnx');
  const save = saveOnnx as (...args: unknown[]) => Promise<void>;

  test('models that are none, paths that are none, options that nobody knows', async () => {
    for (const wrong of [undefined, null, 7, {}, smallNet, layers.relu()]) {
      await refused(() => save(wrong, path), 'saveOnnx: expected the model to be made by this package');
    }
    for (const wrong of [undefined, 7, '', 'a\0b', new URL('https://neocog.example/a.onnx')]) {
      await refused(() => save(smallNet(), wrong), 'saveOnnx: expected the path');
    }
    await refused(() => save(smallNet(), path, { layout: 'nhcw' }), 'saveOnnx: expected layout');
    await refused(() => save(smallNet(), path, { opset: 9 }), 'saveOnnx: unknown option "opset"');
    await refused(() => save(sequential(), path), 'sequential: expected one layer or more');
    expect(existsSync(path)).toBe(false);
  });

  test('outputs of one name', async () => {
    const x = input({ shape: [2] });
    const layer = layers.dense({ units: 2, name: 'a' });
    const y = layer.apply(x);
    const other = layers.relu({ name: 'a:2' }).apply(x);
    const net = model({ inputs: x, outputs: [y, layer.apply(y), other] });
    await refused(
      () => save(net, path),
      /saveOnnx: expected outputs with names of their own, got "a:2" again/,
    );
  });
});
