import { input, type Layer, layers, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { backends } from '../support/engines.js';
import { call, make, windowOptions } from '../support/loose.js';
import { randomTensor } from '../support/nets.js';
import { refusal, refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group C: layers in a model.

describe('C what a model refuses at its construction, with the path of the layer', () => {
  const first = layers.conv2d({ inputShape: [6, 5, 4], filters: 6, kernelSize: 3, padding: 'same' });
  const second =
    (type: string, more: object): (() => unknown) =>
    () =>
      sequential({ layers: [first, make(type, more)] });

  test.for([
    ['34', 'conv2d', { filters: 1, kernelSize: 7 }, /7.*6|6.*7/],
    ['34', 'conv2d', { filters: 1, kernelSize: [1, 8], padding: 1 }, /8.*7|7.*8/],
    ['34', 'maxPooling2d', { poolSize: 7 }, /7/],
    ['34', 'averagePooling2d', { poolSize: [2, 6] }, /6/],
    ['34', 'depthwiseConv2d', { kernelSize: 7 }, /7/],
    ['36', 'conv2d', { filters: 1, kernelSize: 3, dilationRate: 3 }, /7/],
    ['36', 'conv2d', { filters: 1, kernelSize: 3, dilationRate: 2 ** 30 }, /\d{9}/],
    ['38', 'conv2d', { filters: 8, kernelSize: 1, groups: 4 }, /groups|channels/],
    ['38', 'conv2d', { filters: 12, kernelSize: 1, groups: 12 }, /groups|channels/],
    ['43', 'conv2dTranspose', { filters: 1, kernelSize: 2, padding: 9 }, /-/],
    [
      '43',
      'conv2dTranspose',
      { filters: 1, kernelSize: 2, strides: 2, padding: 0, outputPadding: 2 },
      /outputPadding.*2/,
    ],
    ['46', 'reshape', { targetShape: [7, 7] }, /49|\[7, 7\]/],
    ['46', 'reshape', { targetShape: [7, -1] }, /\[7, -1\]/],
    ['48', 'softmax', { axis: 4 }, /4/],
    ['48', 'softmax', { axis: -5 }, /-5/],
    ['48', 'softmax', { axis: 0 }, /axis|batch/],
    ['49', 'permute', { dims: [2, 1] }, /dims|2/],
    ['56', 'prelu', { sharedAxes: [4] }, /4/],
    ['36', 'zeroPadding2d', { padding: 2 ** 30 }, /\d{4}/],
  ] as const)('%s layer 1 %s %j', ([, type, more, value]) =>
    refused(second(type, more), `layer 1 (${type} "${type}_`, value),
  );

  test('an image layer on what is no image, a merge layer in a sequential', async () => {
    const flat = (layer: Layer) => () =>
      sequential({ layers: [layers.flatten({ inputShape: [2, 2, 3] }), layer] });
    for (const type of [
      'conv2d',
      'depthwiseConv2d',
      'separableConv2d',
      'conv2dTranspose',
      'maxPooling2d',
      'averagePooling2d',
    ]) {
      await refused(
        flat(make(type, windowOptions(type, {}))),
        `layer 1 (${type}`,
        /\[height, width, channels\]/,
        /\[12\]/,
      );
    }
    for (const type of ['globalAveragePooling2d', 'globalMaxPooling2d', 'upSampling2d', 'zeroPadding2d']) {
      await refused(flat(make(type, {})), `layer 1 (${type}`);
    }
    for (const type of ['add', 'multiply', 'concatenate'])
      await refused(flat(make(type, {})), `layer 1 (${type}`, /model/);
  });

  test('the path names the layer as the user did', () =>
    refused(
      () =>
        sequential({
          layers: [first, layers.relu(), layers.conv2d({ name: 'features.3', filters: 1, kernelSize: 9 })],
        }),
      'layer 2 (conv2d "features.3"): expected',
    ));

  test('55 an empty sequential, no inputShape, an inputShape later on', async () => {
    await refused(
      () => sequential({ layers: [] }).predictSync(tensor(new Float32Array(1), [1, 1])),
      'sequential',
      /layer/,
    );
    await refused(() => sequential({ layers: [layers.relu()] }), 'inputShape');
    await refused(
      () =>
        sequential({ layers: [first, layers.conv2d({ inputShape: [9, 9, 9], filters: 1, kernelSize: 1 })] }),
      'layer 1',
      /9/,
    );
  });

  test('55 what is no layer', async () => {
    for (const wrong of [
      null,
      undefined,
      7,
      'relu',
      {},
      { type: 'relu' },
      layers.relu,
      [],
      { ...layers.relu({ inputShape: [2] }) },
    ]) {
      await refused(() => sequential({ layers: [wrong as Layer] }), /sequential|layer 0/);
    }
    for (const wrong of [null, 7, 'x', {}, layers.relu()])
      await refused(() => sequential({ layers: wrong as Layer[] }), 'sequential', /layers/);
  });

  test('55 duplicate names', () =>
    refused(
      () => sequential({ layers: [layers.relu({ inputShape: [2], name: 'a' }), layers.relu({ name: 'a' })] }),
      /"a"/,
    ));

  test('55 a name that was given is not taken by an automatic one', () => {
    const net = sequential({
      layers: [
        layers.dense({ inputShape: [2], units: 2, name: 'dense_2' }),
        layers.dense({ units: 2 }),
        layers.dense({ units: 2 }),
      ],
    });
    const names = [...net.weights.keys()];
    expect(new Set(names).size).toBe(names.length);
  });

  test('55 one layer in two models: their weights are their own', () => {
    const shared = layers.dense({ inputShape: [1], units: 1, useBias: false });
    const [a, b] = [sequential({ layers: [shared] }), sequential({ layers: [shared] })];
    a.setWeights([tensor(Float32Array.of(3), [1, 1])]);
    b.setWeights([tensor(Float32Array.of(5), [1, 1])]);
    const x = tensor(Float32Array.of(1), [1, 1]);
    expect([a.predictSync(x).data[0], b.predictSync(x).data[0]]).toEqual([3, 5]);
  });

  test('55 a thousand layers, and as many more as one likes', () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      layers.leakyReLU({ alpha: 1, ...(i === 0 ? { inputShape: [3] } : {}) }),
    );
    const net = sequential({ layers: many });
    expect([...net.predictSync(tensor(Float32Array.of(1, -2, 3), [1, 3])).data]).toEqual([1, -2, 3]);
  });

  test('55 a model whose output does not hang on its input, is no output, or has unused inputs', async () => {
    const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
    const y = layers.relu().apply(a);
    await refused(() => model({ inputs: b, outputs: y }), 'model', /input/);
    await refused(() => model({ inputs: a, outputs: [] }), 'model', /output/);
    await refused(() => model({ inputs: [], outputs: y }), 'model', /input/);
    await refused(() => model({ inputs: a, outputs: null as never }), 'model', /output/);
    await refused(() => model({ inputs: [a, a], outputs: y }), 'model', /input/);
    await refused(() => model({ inputs: y, outputs: layers.relu().apply(y) }), 'model', /input/);
    for (const wrong of [null, 7, {}, { kind: 'symbolic' }, tensor(new Float32Array(2), [2])]) {
      await refused(() => layers.relu().apply(wrong as never), 'relu', /input/);
    }
  });

  test('47 concatenation of shapes that do not fit, of one, of 10,000', async () => {
    const [a, b] = [input({ shape: [2, 3] }), input({ shape: [4, 3] })];
    await refused(
      () => model({ inputs: [a, b], outputs: layers.concatenate().apply([a, b]) }),
      /concatenate/,
      /2.*4|\[2, 3\]/,
    );
    await refused(() => model({ inputs: a, outputs: layers.concatenate().apply([a]) }), 'concatenate');
    await refused(
      () => model({ inputs: a, outputs: layers.concatenate({ axis: 3 }).apply([a, a]) }),
      /concatenate/,
      /3/,
    );
    await refused(
      () => model({ inputs: a, outputs: layers.concatenate({ axis: 0 }).apply([a, a]) }),
      /concatenate/,
      /batch|axis|0/,
    );
    const many = layers.concatenate().apply(Array(10_000).fill(a));
    const net = model({ inputs: a, outputs: many });
    const y = net.predictSync(randomTensor([2, 2, 3]));
    expect(y.shape).toEqual([2, 2, 30_000]);
  });

  test('52 add and multiply of shapes that do not broadcast', async () => {
    const [a, b] = [input({ shape: [2, 3] }), input({ shape: [2, 4] })];
    await refused(() => model({ inputs: [a, b], outputs: layers.add().apply([a, b]) }), /add/, /3.*4/);
    await refused(
      () => model({ inputs: [a, b], outputs: layers.multiply().apply([a, b]) }),
      /multiply/,
      /3.*4/,
    );
  });

  test('options of a model', async () => {
    const list = [layers.relu({ inputShape: [2] })];
    const build = (more: object) => () => sequential({ layers: list, ...more } as never);
    await refused(build({ backend: 'fast' }), /backend/, /fast/);
    await refused(build({ isa: 'mmx' }), /isa/, /mmx/);
    for (const threads of [0, -1, Number.NaN, 1.5, 1e6, '2']) await refused(build({ threads }), /threads/);
    await refused(build({ weights: 'i8' }), /weights/, /i8/);
    await refused(build({ seed: -1 }), /seed/, /-1/);
    await refused(build({ unknown: 1 }), /unknown/);
  });
});

describe('C weights that do not fit', () => {
  const net = () =>
    sequential({ layers: [layers.conv2d({ inputShape: [5, 5, 4], filters: 6, kernelSize: 3, groups: 2 })] });
  const kernel = () => randomTensor([3, 3, 2, 6]);
  const bias = () => randomTensor([6]);

  const wrong: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['40 channels of the kernel', () => [randomTensor([3, 3, 4, 6]), bias()], /\[3, 3, 2, 6\]/],
    ['41 rank of the kernel', () => [randomTensor([3, 2, 6]), bias()], /\[3, 2, 6\]/],
    ['42 length of the bias', () => [kernel(), randomTensor([5])], /\[5\]/],
    ['too few', () => [kernel()], /2.*1/],
    ['too many', () => [kernel(), bias(), bias()], /2.*3/],
    ['no tensors', () => [kernel(), 7], /7/],
    ['no array', () => 7, /7/],
  ];
  test.for(wrong)('%s: nothing is changed', async ([, weights, value]) => {
    const built = net();
    const before = built.getWeights().map(({ data }) => [...data]);
    await refused(() => built.setWeights(weights() as never), /setWeights/, value);
    expect(built.getWeights().map(({ data }) => [...data])).toEqual(before);
  });

  test('53 vectors of batch norm', async () => {
    const norm = sequential({ layers: [layers.batchNormalization({ inputShape: [4] })] });
    const vectors = [4, 4, 5, 4].map((length) => randomTensor([length]));
    await refused(() => norm.setWeights(vectors), /movingMean/, /\[5\]/);
    const [x, four, five] = [randomTensor([2, 4]), randomTensor([4]), randomTensor([5])];
    await refused(() => call('batchNorm', x, { mean: five, variance: four }), /batchNorm/, /5/);
    await refused(() => call('batchNorm', x, { mean: four, variance: four, gamma: five }), /batchNorm/, /5/);
    await refused(() => call('batchNorm', x, { variance: four }), /batchNorm: expected mean/);
  });
});

for (const { title, options: engine, missing } of backends) {
  describe.skipIf(missing !== undefined)(`C odd and legal on ${title}`, () => {
    const answer = (layer: Layer, values: readonly number[], shape: readonly number[]): number[] => [
      ...sequential({ layers: [layer], ...engine }).predictSync(
        tensor(Float32Array.from(values), [1, ...shape]),
      ).data,
    ];

    test('45 a ceilMode window that would lie in padding only does not exist; none divides by 0', () => {
      const layer = layers.averagePooling2d({
        inputShape: [3, 3, 1],
        poolSize: 2,
        strides: 3,
        padding: [
          [0, 1],
          [0, 1],
        ],
        ceilMode: true,
      });
      const y = answer(layer, [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3, 1]);
      expect(y.every(Number.isFinite)).toBe(true);
      expect(y[0]).toBe(3);
    });

    test('strides beyond the window and the image; dilation of a window of one', () => {
      const conv = layers.conv2d({
        inputShape: [5, 5, 1],
        filters: 1,
        kernelSize: 1,
        strides: 100,
        dilationRate: 1000,
        kernelInitializer: 'ones',
      });
      expect(
        answer(
          conv,
          Array.from({ length: 25 }, (_, i) => i + 1),
          [5, 5, 1],
        ),
      ).toEqual([1]);
    });

    test('nothing is half-written: a failing run leaves `out` as it was', async () => {
      const net = sequential({ layers: [layers.relu({ inputShape: [4] })], ...engine });
      const out = tensor(new Float32Array(4).fill(9), [1, 4]);
      const wrong = tensor(new Float32Array(5), [1, 5]);
      await refusal(() => net.predictSync(wrong, { out }));
      expect([...out.data]).toEqual([9, 9, 9, 9]);
    });
  });
}
