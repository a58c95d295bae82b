import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTfjs, ModelFileError } from 'neocog';
import { describe, expect, test } from 'vitest';
import { type Entry, layer, sequentialJson, weightData } from '../support/keras.js';
import { temporaryFolder } from '../support/package.js';
import { refusal, refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group D: model files.

const dense = layer('Dense', 'd', { units: 2, batch_input_shape: [null, 2] });
const entries: Entry[] = [
  { name: 'd/kernel', shape: [2, 2] },
  { name: 'd/bias', shape: [2] },
];
const data = weightData(entries);
const good = sequentialJson([dense], entries);
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function fault(
  from: string | object,
  rule: RegExp,
  options: object = { weightData: data },
): Promise<void> {
  const error = await refusal(() => loadTfjs(from, options));
  expect(error).toBeInstanceOf(ModelFileError);
  expect(error.message).toMatch(/^loadTfjs: /);
  expect(error.message).toMatch(rule);
  expect(error.message.length).toBeLessThan(600);
}

const withLayers = (...layers: unknown[]) => sequentialJson(layers, entries);
const inputLayer = layer('InputLayer', 'in', { batch_input_shape: [null, 4, 4, 2] });

test('the unchanged model is right, as JSON and as bytes', async () => {
  for (const from of [good, bytesOf(good)]) {
    expect((await loadTfjs(from, { weightData: data })).outputs[0]?.shape).toEqual([2]);
  }
});

describe('78 the JSON', () => {
  const text = (json: string) => new TextEncoder().encode(json);

  test.for([
    ['nothing', text(''), /expected JSON/],
    ['no JSON', text('{"a": '), /expected JSON/],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /expected JSON in UTF-8/],
    ['an array', text('[]'), /model: expected an object/],
    ['null', text('null'), /model: expected an object/],
    ['nothing in it', text('{}'), /weightsManifest/],
    [
      'only `__proto__`',
      text('{"__proto__": {"modelTopology": {}, "weightsManifest": []}}'),
      /weightsManifest/,
    ],
    ['deep nesting', text(`{"modelTopology": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`), /expected/],
    [
      'huge numbers',
      bytesOf(withLayers(layer('Dense', 'd', { units: 1e300, batch_input_shape: [null, 2] }))),
      /units/,
    ],
    [
      'a graph-model',
      bytesOf({ ...good, format: 'graph-model' }),
      /expected a layers-model, got format "graph-model"/,
    ],
  ] as const)('%s', ([, bytes, rule]) => fault(bytes, rule));

  test('more than 64 MiB', () => fault(new Uint8Array(2 ** 26 + 1), /67108864 bytes at most/));

  test('what is no model at all', async () => {
    await refused(() => loadTfjs(5 as unknown as object), 'the model');
    await refused(() => loadTfjs(good, { weightData: 'x' } as object), 'weightData');
    await refused(() => loadTfjs(good, { weigthData: data } as object), 'unknown option');
  });
});

describe('79 layers', () => {
  const conv = { filters: 2, kernel_size: [1, 1] };

  test.for([
    [
      'an unknown class',
      [dense, layer('LSTM', 'a'), layer('GRU', 'b'), layer('LSTM', 'c')],
      /knows, got "LSTM", "GRU"/,
    ],
    [
      'a Lambda',
      [dense, layer('Lambda', 'a', { function: ['4wAAA', null, null] })],
      /"Lambda" \(a Lambda is program code/,
    ],
    ['a class of the language', [dense, layer('constructor', 'a')], /got "constructor"/],
    ['`__proto__`', [dense, layer('__proto__', 'a')], /got "__proto__"/],
    ['a model in a model', [dense, layer('Sequential', 'a', { layers: [] })], /got "Sequential"/],
    ['no class', [{ config: { name: 'a' } }], /layer 0: expected class_name to be a text/],
    ['no name', [{ class_name: 'Dense', config: {} }], /expected name to be a text/],
    ['no configuration', [{ class_name: 'Dense' }], /expected an object, got undefined/],
    ['no layers', [], /expected one layer or more/],
    ['a name twice', [dense, layer('Dense', 'd', { units: 1 })], /expected a name of its own, got "d" again/],
    ['no input shape', [layer('Dense', 'd', { units: 1 })], /batch_input_shape to be \[batch/],
    [
      'a free length',
      [layer('Dense', 'd', { units: 1, batch_input_shape: [null, null] })],
      /no length may be free/,
    ],
    [
      'a negative length',
      [layer('Dense', 'd', { units: 1, batch_input_shape: [null, -2] })],
      /input "d_input"/,
    ],
    [
      'channels first',
      [inputLayer, layer('Conv2D', 'c', { ...conv, data_format: 'channels_first' })],
      /layer 1 \(Conv2D "c"\): expected data_format to be channels_last/,
    ],
    ['an activation', [inputLayer, layer('Conv2D', 'c', { ...conv, activation: 'selu' })], /got "selu"/],
    [
      'an activation that is an object',
      [inputLayer, layer('Activation', 'c', { activation: { config: {} } })],
      /got an object/,
    ],
    ['a kernel of 0', [inputLayer, layer('Conv2D', 'c', { ...conv, kernel_size: [0, 1] })], /kernelSize/],
    [
      'an axis',
      [inputLayer, layer('BatchNormalization', 'c', { axis: [1] })],
      /expected axis to be the last one of 4, got an array|got \[1\]/,
    ],
    ['a threshold', [inputLayer, layer('ReLU', 'c', { threshold: 1 })], /threshold of 0, got 1/],
    [
      'a slope and a bound',
      [inputLayer, layer('ReLU', 'c', { negative_slope: 1, max_value: 6 })],
      /together/,
    ],
    [
      'interpolation',
      [inputLayer, layer('UpSampling2D', 'c', { interpolation: 'bilinear' })],
      /interpolation/,
    ],
    [
      'causal padding',
      [layer('Conv1D', 'c', { ...conv, padding: 'causal', batch_input_shape: [null, 4, 2] })],
      /causal/,
    ],
    ['one input too few', [inputLayer, layer('Add', 'c')], /two or more inputs/],
    [
      'a window that does not fit',
      [inputLayer, layer('MaxPooling2D', 'c', { pool_size: 9 })],
      /not larger than the padded input/,
    ],
  ] as const)('%s', ([, layers, rule]) => fault(withLayers(...layers), rule));

  test('a class of models', () =>
    fault(
      { ...good, modelTopology: { class_name: 'Net', config: {} } },
      /Sequential or Functional model, got class "Net"/,
    ));
});

describe('80 and 81 files', () => {
  const folderWith = (paths: readonly unknown[], shards: Readonly<Record<string, Uint8Array>>) => {
    const outside = temporaryFolder();
    const folder = join(outside, 'model');
    mkdirSync(folder);
    writeFileSync(join(outside, 'secret'), data);
    writeFileSync(
      join(folder, 'model.json'),
      JSON.stringify({
        ...good,
        weightsManifest: [{ paths, weights: entries.map((entry) => ({ dtype: 'float32', ...entry })) }],
      }),
    );
    for (const [name, bytes] of Object.entries(shards)) writeFileSync(join(folder, name), bytes);
    return { outside, folder, path: join(folder, 'model.json') };
  };
  const fails = (path: string, rule: RegExp) => fault(path, rule, {});

  test.for([
    '../secret',
    '/etc/passwd',
    '/proc/self/mem',
    '/dev/zero',
    'C:\\secret',
    '.',
    '..',
    'a/../../secret',
    'file:///etc/passwd',
    'https://example.org/weights.bin',
    '//example.org/weights.bin',
    '..\\secret',
    'w\0',
    '',
  ])('80 the path %j', (path) => fails(folderWith([path], {}).path, /expected a file in the model's folder/));

  test('80 links', async () => {
    const { outside, folder, path } = folderWith(['w'], {});
    symlinkSync(join(outside, 'secret'), join(folder, 'w'));
    await fails(path, /regular file of the model's folder, without links/);
    const second = folderWith(['up/secret'], {});
    symlinkSync(second.outside, join(second.folder, 'up'));
    await fails(second.path, /regular file of the model's folder, without links/);
  });

  test('a hard link is a file like any other: package managers install by linking', async () => {
    const { folder, path } = folderWith(['w'], {});
    writeFileSync(join(folder, 'stored'), data);
    linkSync(join(folder, 'stored'), join(folder, 'w'));
    expect((await loadTfjs(path)).outputs[0]?.shape).toEqual([2]);
  });

  test('80 a folder, a file as a folder', async () => {
    const { folder, path } = folderWith(['w'], {});
    mkdirSync(join(folder, 'w'));
    await fails(path, /regular file of the model's folder/);
    await fails(folderWith(['w/x'], { w: data }).path, /regular file of the model's folder/);
  });

  test.skipIf(process.platform === 'win32')(
    '80 a pipe without a writer does not hold the reader',
    async () => {
      const { folder, path } = folderWith(['w'], {});
      execFileSync('mkfifo', [join(folder, 'w')]);
      await fails(path, /regular file of the model's folder/);
      const pipe = join(folder, 'model-pipe.json');
      execFileSync('mkfifo', [pipe]);
      await fails(pipe, /expected a regular file/);
    },
  );

  test('80 a path that is a number, a path twice', async () => {
    await fails(folderWith([5], {}).path, /expected paths to be texts, got 5/);
    await fails(folderWith(['w', 'w'], { w: data }).path, /expected every path once/);
  });

  test('81 a shard that is missing, short, long, another file', async () => {
    await fails(folderWith(['w'], {}).path, /weights "w": could not be read: ENOENT/);
    await fails(folderWith(['w'], { w: data.subarray(1) }).path, /expected 24 bytes in its group, got 23/);
    await fails(
      folderWith(['w'], { w: new Uint8Array(25) }).path,
      /weights "w": expected 24 bytes at most, got 25/,
    );
    await fails(folderWith(['w', 'v'], { w: data, v: data }).path, /weights "v": expected 0 bytes at most/);
    await fails(
      folderWith(['w'], { w: new TextEncoder().encode('<!doctype html><title>404</title>') }).path,
      /24 bytes at most/,
    );
    await fails(folderWith([], {}).path, /expected 24 bytes in its group, got 0/);
  });

  test('no model, a folder', async () => {
    await fails(join(temporaryFolder(), 'model.json'), /could not be read: ENOENT/);
    await fails(temporaryFolder(), /expected a regular file/);
  });

  test('weights that are not given', async () => {
    await fault(good, /expected weights: give the path of model.json, or .* weightData/, {});
    await fault(good, /weightData of 24 bytes, got 3/, { weightData: new Uint8Array(3) });
  });
});

describe('82 and 84 the manifest', () => {
  const kernel = { name: 'd/kernel', shape: [2, 2] };
  const bias = { name: 'd/bias', shape: [2] };
  const quantization = (more: object) => ({
    ...kernel,
    quantization: { dtype: 'uint8', scale: 1, min: 0, ...more },
  });

  test.for([
    [
      'another shape',
      [{ ...kernel, shape: [4] }, bias],
      /weight "d\/kernel": expected shape \[2, 2\], got \[4\]/,
    ],
    ['a negative length', [{ ...kernel, shape: [-2, 2] }, bias], /non-negative integers/],
    ['nine axes', [{ ...kernel, shape: Array(9).fill(1) }, bias], /at most 8/],
    ['a product beyond 2^53', [{ ...kernel, shape: [2 ** 30, 2 ** 30] }, bias], /below 2\^53/],
    ['a shape that is none', [{ ...kernel, shape: 'x' }, bias], /expected shape to be an array/],
    [
      'an unknown dtype',
      [{ ...kernel, dtype: 'complex64' }, bias],
      /expected dtype to be one of .* got "complex64"/,
    ],
    ['texts', [{ ...kernel, dtype: 'string' }, bias], /got "string"/],
    ['integers', [{ ...kernel, dtype: 'int32' }, bias], /expected dtype float32, got int32/],
    ['booleans', [{ ...kernel, dtype: 'bool' }, bias], /expected dtype float32, got bool/],
    [
      'a scale of NaN',
      [quantization({ scale: null }), bias],
      /expected scale to be a finite number, got undefined/,
    ],
    ['a minimum that is a text', [quantization({ min: 'x' }), bias], /expected min to be a finite number/],
    ['an unknown quantization', [quantization({ dtype: 'int4' }), bias], /expected dtype to be one of uint8/],
    ['quantized bytes of another length', [quantization({}), bias], /weightData of 12 bytes, got 24/],
    ['84 a name twice', [kernel, kernel, bias], /weight "d\/kernel": expected a name of its own/],
    ['no name', [{ shape: [2] }], /expected name to be a text/],
    ['a weight that is missing', [kernel], /expected a weight "d\/bias" in the manifest/],
    ['a weight too many', [kernel, bias, { name: 'x/kernel', shape: [1] }], /got "x\/kernel" too/],
  ] as const)('%s', ([, weights, rule]) =>
    fault(sequentialJson([dense], weights as unknown as Entry[]), rule),
  );

  test.for([[{}], ['x'], [[1]], [null], [[{ paths: [], weights: [5] }]]])(
    'a manifest that is none: %j',
    ([weightsManifest]) => fault({ ...good, weightsManifest }, /weightsManifest/),
  );

  test('a false size takes no memory', async () => {
    const before = process.memoryUsage().arrayBuffers;
    await fault(sequentialJson([dense], [{ ...kernel, shape: [2 ** 20, 2 ** 20] }, bias]), /expected shape/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });
});

describe('83 connections', () => {
  const functional = (second: unknown, more: object = {}) => ({
    modelTopology: {
      class_name: 'Functional',
      config: {
        layers: [
          layer('InputLayer', 'x', { batch_input_shape: [null, 2] }, { inbound_nodes: [] }),
          layer('Dense', 'd', { units: 2 }, { inbound_nodes: [[['x', 0, 0, {}]]] }),
          layer('ReLU', 'r', {}, { inbound_nodes: second }),
        ],
        input_layers: [['x', 0, 0]],
        output_layers: [['r', 0, 0]],
        ...more,
      },
    },
    weightsManifest: good.weightsManifest,
  });
  const from = (...place: unknown[]) => [[place]];

  test('the unchanged one is right', async () => {
    expect((await loadTfjs(functional(from('d', 0, 0)), { weightData: data })).outputs[0]?.name).toBe('r');
  });

  const deep = (depth: number): unknown => (depth === 0 ? [] : [deep(depth - 1)]);

  test.for([
    [
      'an unknown layer',
      functional(from('z', 0, 0)),
      /layer 2 \(ReLU "r"\): expected the call of a layer, got "0:z"/,
    ],
    ['an unknown call', functional(from('d', 1, 0)), /got "1:d"/],
    ['a second output', functional(from('d', 0, 1)), /expected \[layer, call, 0\]/],
    ['itself', functional(from('r', 0, 0)), /expected no circle of nodes/],
    ['a negative call', functional(from('d', -1, 0)), /expected \[layer, call, 0\]/],
    ['texts', functional([['d']]), /expected \[layer, call, 0\]/],
    ['numbers', functional([5]), /expected inbound_nodes to hold calls, got 5/],
    ['no list', functional({}), /expected inbound_nodes to be an array/],
    ['no calls', functional([]), /expected the call of a layer, got "0:r"/],
    ['a call of nothing', functional([[]]), /expected one input, got 0/],
    ['arguments that are no tensors', functional([{ args: [5] }]), /expected arguments to be tensors/],
    ['deep arguments', functional([{ args: deep(50) }]), /4 deep at most/],
    [
      'no history',
      functional([{ args: [{ class_name: '__keras_tensor__', config: {} }] }]),
      /expected \[layer/,
    ],
    ['no outputs', functional(from('d', 0, 0), { output_layers: [] }), /one output or more/],
    ['an unknown output', functional(from('d', 0, 0), { output_layers: [['z', 0, 0]] }), /got "0:z"/],
    ['no inputs', functional(from('d', 0, 0), { input_layers: [] }), /every InputLayer once/],
    [
      'an input that is a layer',
      functional(from('d', 0, 0), { input_layers: [['d', 0, 0]] }),
      /every InputLayer once/,
    ],
  ] as const)('%s', ([, json, rule]) => fault(json, rule));
});
