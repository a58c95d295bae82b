import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { input, type Layer, layers, loadTfjs, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { dataFile, dataMissing, mnistTest } from '../support/data.js';
import { expectSame, filled } from '../support/filled.js';
import { type Entry, layer, sequentialJson, weightData } from '../support/keras.js';
import { temporaryFolder } from '../support/package.js';
import { floats, random } from '../support/random.js';

describe('topologies', () => {
  const conv = { filters: 2, kernel_size: [1, 1], use_bias: false };
  const weights = [
    { name: 'a/kernel', shape: [1, 1, 2, 2] },
    { name: 'b/kernel', shape: [1, 1, 2, 2] },
  ];
  const shape = [3, 3, 2];

  /** concatenate(multiply(a, b), x), add(a(a), b): a is used twice. */
  const ours = () => {
    const x = input({ shape, name: 'x' });
    const [a, b] = ['a', 'b'].map((name) =>
      layers.conv2d({ filters: 2, kernelSize: 1, useBias: false, name }),
    ) as [Layer, Layer];
    const [ax, bx] = [a.apply(x), b.apply(x)];
    const product = layers.multiply({ name: 'm' }).apply([ax, bx]);
    const sum = layers.add({ name: 's' }).apply([a.apply(ax), bx]);
    return model({ inputs: x, outputs: [layers.concatenate({ name: 'c' }).apply([product, x]), sum] });
  };

  const functional = (
    type: string,
    version: string,
    inputShape: Record<string, unknown>,
    call: (...sources: [string, number][]) => unknown,
    ends: { input_layers: unknown; output_layers: unknown },
  ) => ({
    modelTopology: {
      keras_version: version,
      model_config: {
        class_name: type,
        config: {
          name: 'net',
          // Out of order on purpose.
          layers: [
            layer('Concatenate', 'c', { axis: -1 }, { name: 'c', inbound_nodes: [call(['m', 0], ['x', 0])] }),
            layer('Add', 's', {}, { name: 's', inbound_nodes: [call(['a', 1], ['b', 0])] }),
            layer('InputLayer', 'x', inputShape, { name: 'x', inbound_nodes: [] }),
            layer('Conv2D', 'a', conv, { name: 'a', inbound_nodes: [call(['x', 0]), call(['a', 0])] }),
            layer('Conv2D', 'b', conv, { name: 'b', inbound_nodes: [call(['x', 0])] }),
            layer('Multiply', 'm', {}, { name: 'm', inbound_nodes: [call(['a', 0], ['b', 0])] }),
          ],
          ...ends,
        },
      },
    },
    weightsManifest: [{ paths: ['w'], weights: weights.map((entry) => ({ ...entry, dtype: 'float32' })) }],
  });

  const old = functional(
    'Model',
    '2.2.4',
    { batch_input_shape: [null, ...shape] },
    (...sources) => sources.map(([name, node]) => [name, node, 0, {}]),
    {
      input_layers: [['x', 0, 0]],
      output_layers: [
        ['c', 0, 0],
        ['s', 0, 0],
      ],
    },
  );
  const recent = functional(
    'Functional',
    '3.4.1',
    { batch_shape: [null, ...shape] },
    (...sources) => {
      const tensors = sources.map(([name, node]) => ({
        class_name: '__keras_tensor__',
        config: { shape: [null, ...shape], dtype: 'float32', keras_history: [name, node, 0] },
      }));
      return { args: tensors.length === 1 ? tensors : [tensors], kwargs: { training: false } };
    },
    {
      input_layers: ['x', 0, 0],
      output_layers: [
        ['c', 0, 0],
        ['s', 0, 0],
      ],
    },
  );

  test.for([
    ['Keras 2', old],
    ['Keras 3', recent],
  ] as const)('a functional model of %s', async ([, json]) => {
    const loaded = await loadTfjs(json, { weightData: weightData(weights) });
    const wanted = filled(ours(), weights);
    expect(loaded.inputs).toEqual(wanted.inputs);
    expect(loaded.outputs).toEqual(wanted.outputs);
    expect([...loaded.weights.keys()].sort()).toEqual(['a/kernel', 'b/kernel']);
    const x = tensor(floats(random(2), 2 * 18), [2, ...shape]);
    expect(await loaded.predict({ x })).toEqual(await wanted.predict({ x }));
  });

  test('a sequential model whose configuration is the list of layers, as Keras 2.1 wrote it', async () => {
    const first = layer('Conv2D', 'a', { ...conv, batch_input_shape: [null, ...shape] });
    const json = sequentialJson([], weights.slice(0, 1), {
      model_config: { class_name: 'Sequential', config: [first] },
    });
    const loaded = await loadTfjs(json, { weightData: weightData(weights.slice(0, 1)) });
    expect(loaded.inputs).toEqual([{ name: 'a_input', shape, dtype: 'float32' }]);
  });

  test('the topology of tfjs itself, without model_config', async () => {
    const first = layer('Conv2D', 'a', { ...conv, batch_input_shape: [null, ...shape] });
    const json = {
      ...sequentialJson([], weights.slice(0, 1)),
      modelTopology: {
        class_name: 'Sequential',
        config: { name: 'sequential_1', layers: [first] },
        keras_version: 'tfjs-layers 4.22.0',
        backend: 'tensor_flow.js',
      },
    };
    const loaded = await loadTfjs(json, { weightData: weightData(weights.slice(0, 1)) });
    expect(loaded.outputs[0]?.name).toBe('a');
  });
});

describe('weights', () => {
  const net = [
    layer('Dense', 'd', { units: 2, batch_input_shape: [null, 2] }),
    layer('Dense', 'e', { units: 1, use_bias: false }),
  ];
  const load = async (entries: readonly Record<string, unknown>[], weightData: Uint8Array) =>
    (await loadTfjs(sequentialJson(net, entries as Entry[] & Record<string, unknown>[]), { weightData }))
      .weights;
  const f32 = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  const bytes = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

  test('in any order, below the name of the model, with scopes of TensorFlow, and of an optimizer', async () => {
    const weights = await load(
      [
        { name: 'net/e/kernel', shape: [2, 1] },
        { name: 'd/d/bias:0', shape: [2] },
        { name: 'd/kernel', shape: [2, 2] },
        { name: 'Adam/d/kernel/m', shape: [2], group: 'optimizer' },
        { name: 'seed_generator/state', shape: [1], dtype: 'int32' },
      ],
      f32(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0),
    );
    expect([...weights].map(([name, { data }]) => [name, ...data])).toEqual([
      ['d/kernel', 5, 6, 7, 8],
      ['d/bias', 3, 4],
      ['e/kernel', 1, 2],
    ]);
  });

  test('quantized: uint8, uint16 and float16', async () => {
    const weights = await load(
      [
        { name: 'd/kernel', shape: [2, 2], quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
        { name: 'd/bias', shape: [2], quantization: { dtype: 'uint16', scale: 2, min: 1 } },
        { name: 'e/kernel', shape: [2, 1], quantization: { dtype: 'float16', original_dtype: 'float32' } },
      ],
      bytes(
        Uint8Array.of(0, 1, 2, 255),
        new Uint8Array(Uint16Array.of(0, 65535).buffer),
        new Uint8Array(Uint16Array.of(0x3c00, 0xc100).buffer),
      ),
    );
    expect([...weights].map(([, { data }]) => [...data])).toEqual([
      [-1, -0.5, 0, 126.5],
      [1, 131071],
      [1, -2.5],
    ]);
  });

  test('in several files beside model.json, by path and by URL', async () => {
    const folder = temporaryFolder();
    const entries = [
      { name: 'd/kernel', shape: [2, 2], dtype: 'float32' },
      { name: 'd/bias', shape: [2], dtype: 'float32' },
    ];
    const json = {
      ...sequentialJson(net, []),
      weightsManifest: [
        { paths: ['a.bin', 'b.bin'], weights: entries },
        { paths: ['c.bin'], weights: [{ name: 'e/kernel', shape: [2, 1], dtype: 'float32' }] },
      ],
    };
    const path = join(folder, 'model.json');
    writeFileSync(path, `\ufeff${JSON.stringify(json)}`);
    const all = f32(1, 2, 3, 4, 5, 6);
    writeFileSync(join(folder, 'a.bin'), all.subarray(0, 9));
    writeFileSync(join(folder, 'b.bin'), all.subarray(9));
    writeFileSync(join(folder, 'c.bin'), f32(7, 8));
    for (const from of [path, pathToFileURL(path)]) {
      const { weights } = await loadTfjs(from);
      expect([...weights].map(([, { data }]) => [...data])).toEqual([
        [1, 2, 3, 4],
        [5, 6],
        [7, 8],
      ]);
    }
  });

  test('the model keeps numbers of its own, and can be saved and made again', async () => {
    const entries = [
      { name: 'd/kernel', shape: [2, 2] },
      { name: 'd/bias', shape: [2] },
      { name: 'e/kernel', shape: [2, 1] },
    ];
    const data = f32(1, 2, 3, 4, 5, 6, 7, 8);
    const loaded = await loadTfjs(sequentialJson(net, entries), { weightData: data });
    data.fill(0);
    const again = sequential({
      layers: [layers.dense({ units: 2, inputShape: [2] }), layers.dense({ units: 1, useBias: false })],
    });
    again.setWeights(loaded.getWeights());
    await expectSame(loaded, again);
    expect(again.getWeights()[0]?.data).toEqual(Float32Array.of(1, 2, 3, 4));
  });
});

const note = dataMissing === undefined ? '' : ` (${dataMissing})`;

describe.skipIf(dataMissing !== undefined)(`a model of Keras${note}`, () => {
  test('1991 of the first 2000 digits', { timeout: 300_000 }, async () => {
    const net = await loadTfjs(dataFile('models/tfjs-mnist/model.json'));
    const { images, labels } = mnistTest();
    let right = 0;
    for (let i = 0; i < 2000; i += 500) {
      const x = tensor(images.subarray(i * 784, (i + 500) * 784), [500, 28, 28, 1]);
      const { data } = await net.predict(x);
      for (let row = 0; row < 500; row++) {
        const scores = data.subarray(10 * row, 10 * row + 10);
        if (scores.indexOf(Math.max(...scores)) === labels[i + row]) right++;
      }
    }
    expect(Math.abs(right - 1991), `${right} of 2000`).toBeLessThanOrEqual(1);
  });
});
