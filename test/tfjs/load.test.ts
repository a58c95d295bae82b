import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { input, type Layer, layers, loadTfjs, type Model, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { dataFile, dataMissing, mnistTest } from '../support/data.js';
import { type Entry, layer, numbers, sequentialJson, sizeOf, weightData } from '../support/keras.js';
import { temporaryFolder } from '../support/package.js';
import { floats, random } from '../support/random.js';

/** A network of ours with the numbers that `weightData` gives to these entries, which are in our order. */
function filled<M extends Model>(net: M, entries: readonly Entry[]): M {
  const all = [...net.weights].map(([, { shape }], i) => tensor(numbers(sizeOf(shape), i), [...shape]));
  expect(all.map(({ shape }) => sizeOf(shape))).toEqual(entries.map(({ shape }) => sizeOf(shape)));
  net.setWeights(all);
  return net;
}

async function expectSame(loaded: Model, ours: Model): Promise<void> {
  expect(loaded.outputs.map(({ shape }) => shape)).toEqual(ours.outputs.map(({ shape }) => shape));
  const shape = [3, ...(ours.inputs[0]?.shape ?? [])];
  const x = tensor(floats(random(1), sizeOf(shape)), shape);
  expect((await loaded.predict(x)).data).toEqual((await ours.predict(x)).data);
}

describe('layers', () => {
  const [h, w, c] = [6, 5, 4];
  /** A layer of Keras on [6, 5, 4] (or what is given), and ours. */
  const cases: readonly {
    what: string;
    keras: unknown[];
    ours: Layer[];
    weights?: Entry[];
    shape?: number[];
    version?: string;
  }[] = [
    {
      what: 'Conv2D',
      keras: [
        layer('Conv2D', 'a', {
          filters: 6,
          kernel_size: [3, 2],
          strides: [2, 1],
          padding: 'same',
          dilation_rate: [1, 1],
          groups: 2,
          use_bias: true,
          activation: 'relu',
          data_format: 'channels_last',
        }),
      ],
      ours: [
        layers.conv2d({
          filters: 6,
          kernelSize: [3, 2],
          strides: [2, 1],
          padding: 'same',
          groups: 2,
          activation: 'relu',
        }),
      ],
      weights: [
        { name: 'a/kernel', shape: [3, 2, 2, 6] },
        { name: 'a/bias', shape: [6] },
      ],
    },
    {
      what: 'DepthwiseConv2D',
      keras: [layer('DepthwiseConv2D', 'a', { kernel_size: [2, 2], depth_multiplier: 2, use_bias: false })],
      ours: [layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, useBias: false })],
      weights: [{ name: 'a/depthwise_kernel', shape: [2, 2, c, 2] }],
    },
    {
      what: 'SeparableConv2D',
      keras: [layer('SeparableConv2D', 'a', { filters: 3, kernel_size: [2, 2], depth_multiplier: 2 })],
      ours: [layers.separableConv2d({ filters: 3, kernelSize: 2, depthMultiplier: 2 })],
      weights: [
        { name: 'a/depthwise_kernel', shape: [2, 2, c, 2] },
        { name: 'a/pointwise_kernel', shape: [1, 1, 2 * c, 3] },
        { name: 'a/bias', shape: [3] },
      ],
    },
    {
      what: 'Conv2DTranspose',
      keras: [
        layer('Conv2DTranspose', 'a', {
          filters: 3,
          kernel_size: [3, 3],
          strides: [2, 2],
          padding: 'same',
          output_padding: null,
        }),
      ],
      ours: [layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' })],
      weights: [
        { name: 'a/kernel', shape: [3, 3, 3, c] },
        { name: 'a/bias', shape: [3] },
      ],
    },
    {
      what: 'Conv1D',
      keras: [
        layer('Conv1D', 'a', {
          filters: 3,
          kernel_size: [3],
          strides: [2],
          padding: 'valid',
          activation: 'tanh',
        }),
      ],
      ours: [
        layers.reshape({ targetShape: [1, 9, 4] }),
        layers.conv2d({ filters: 3, kernelSize: [1, 3], strides: [1, 2], activation: 'tanh' }),
        layers.reshape({ targetShape: [4, 3] }),
      ],
      weights: [
        { name: 'a/kernel', shape: [3, 4, 3] },
        { name: 'a/bias', shape: [3] },
      ],
      shape: [9, 4],
    },
    {
      what: 'Flatten and Dense',
      keras: [layer('Flatten', 'a'), layer('Dense', 'b', { units: 3, activation: 'softmax' })],
      ours: [layers.flatten(), layers.dense({ units: 3, activation: 'softmax' })],
      weights: [
        { name: 'b/kernel', shape: [h * w * c, 3] },
        { name: 'b/bias', shape: [3] },
      ],
    },
    {
      what: 'BatchNormalization and PReLU',
      keras: [
        layer('BatchNormalization', 'a', { axis: [3], epsilon: 9, momentum: 0.9, center: true, scale: true }),
        layer('PReLU', 'b', { shared_axes: [1, 2] }),
      ],
      ours: [layers.batchNormalization({ epsilon: 9 }), layers.prelu({ sharedAxes: [1, 2] })],
      weights: [
        ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => ({
          name: `a/${part}`,
          shape: [c],
        })),
        { name: 'b/alpha', shape: [1, 1, c] },
      ],
    },
    {
      what: 'pooling',
      keras: [
        layer('MaxPooling2D', 'a', { pool_size: [2, 2], strides: [1, 1], padding: 'same' }),
        layer('AveragePooling2D', 'b', { pool_size: [3, 2], strides: null, padding: 'valid' }),
        layer('GlobalMaxPooling2D', 'd', { keepdims: true }),
        layer('GlobalAveragePooling2D', 'e', { keepdims: false }),
      ],
      ours: [
        layers.maxPooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
        layers.averagePooling2d({ poolSize: [3, 2] }),
        layers.globalMaxPooling2d({ keepDims: true }),
        layers.globalAveragePooling2d(),
      ],
    },
    {
      what: 'shapes',
      keras: [
        layer('ZeroPadding2D', 'a', {
          padding: [
            [1, 0],
            [2, 3],
          ],
        }),
        layer('UpSampling2D', 'b', { size: [2, 1], interpolation: 'nearest' }),
        layer('Permute', 'd', { dims: [3, 1, 2] }),
        layer('Reshape', 'e', { target_shape: [-1, 4] }),
        layer('Rescaling', 'f', { scale: 0.5, offset: -1 }),
      ],
      ours: [
        layers.zeroPadding2d({
          padding: [
            [1, 0],
            [2, 3],
          ],
        }),
        layers.upSampling2d({ size: [2, 1] }),
        layers.permute({ dims: [3, 1, 2] }),
        layers.reshape({ targetShape: [-1, 4] }),
        layers.rescaling({ scale: 0.5, offset: -1 }),
      ],
    },
    {
      what: 'activations',
      keras: [
        layer('ReLU', 'a', { max_value: 0.75, negative_slope: 0, threshold: 0 }),
        layer('ReLU', 'b', { max_value: null, negative_slope: 0.5, threshold: 0 }),
        layer('LeakyReLU', 'd', { alpha: 0.25 }),
        layer('ELU', 'e', { alpha: 0.5 }),
        layer('Activation', 'f', { activation: 'swish' }),
        layer('Activation', 'g', { activation: 'relu6' }),
        layer('Softmax', 'i', { axis: -1 }),
      ],
      ours: [
        layers.relu({ maxValue: 0.75 }),
        layers.leakyReLU({ alpha: 0.5 }),
        layers.leakyReLU({ alpha: 0.25 }),
        layers.elu({ alpha: 0.5 }),
        layers.swish(),
        layers.relu({ maxValue: 6 }),
        layers.softmax(),
      ],
    },
    {
      what: 'what does nothing at inference',
      keras: ['Dropout', 'SpatialDropout2D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'].map((type) =>
        layer(type, type, { rate: 0.5, stddev: 1 }),
      ),
      ours: [layers.activation({ activation: 'linear' })],
    },
    {
      what: 'hard_sigmoid of Keras 2',
      keras: [layer('Activation', 'a', { activation: 'hard_sigmoid' })],
      ours: [layers.hardSigmoid({ alpha: 0.2, beta: 0.5 })],
    },
    {
      what: 'hard_sigmoid of tfjs, in a convolution',
      keras: [layer('Conv2D', 'a', { filters: 2, kernel_size: [1, 1], activation: 'hardSigmoid' })],
      ours: [layers.conv2d({ filters: 2, kernelSize: 1 }), layers.hardSigmoid({ alpha: 0.2, beta: 0.5 })],
      weights: [
        { name: 'a/kernel', shape: [1, 1, c, 2] },
        { name: 'a/bias', shape: [2] },
      ],
      version: 'tfjs-layers 4.22.0',
    },
    {
      what: 'hard_sigmoid of Keras 3',
      keras: [layer('Activation', 'a', { activation: 'hard_sigmoid' })],
      ours: [layers.hardSigmoid()],
      version: '3.5.0',
    },
    {
      what: 'leaky ReLU of Keras 3',
      keras: [layer('LeakyReLU', 'a', { negative_slope: 0.125 })],
      ours: [layers.leakyReLU({ alpha: 0.125 })],
      version: '3.5.0',
    },
  ];

  test.for(cases)('$what', async ({ keras, ours, weights = [], shape = [h, w, c], version = '2.15.0' }) => {
    const start = layer('InputLayer', 'in', { batch_input_shape: [null, ...shape] });
    const json = sequentialJson([start, ...keras], weights, { keras_version: version });
    const loaded = await loadTfjs(json, { weightData: weightData(weights) });
    const a = input({ shape });
    const end = ours.reduce((value, next) => next.apply(value), a);
    await expectSame(loaded, filled(model({ inputs: a, outputs: end }), weights));
  });
});

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
