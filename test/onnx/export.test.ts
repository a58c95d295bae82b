import { join } from 'node:path';
import {
  input,
  type Layer,
  layers,
  loadOnnx,
  type Model,
  model,
  saveOnnx,
  sequential,
  type Tensor,
  zoo,
} from 'neocog';
import { describe, expect, test } from 'vitest';
import { randomiseWeights, randomTensor } from '../support/nets.js';
import { channelsFirst, ortMissing, randomFeeds, relativeL2, runOnnx } from '../support/onnxruntime.js';
import { temporaryFolder } from '../support/package.js';

type Layout = 'nhwc' | 'nchw';

type Run = (path: string, feeds: readonly Record<string, Tensor>[]) => Promise<Record<string, Tensor>[]>;

/** What runs the file: onnxruntime, or what this package reads from it. */
const runners: Readonly<Record<string, { readonly run: Run; readonly missing?: string | undefined }>> = {
  onnxruntime: { run: runOnnx, missing: ortMissing },
  loadOnnx: {
    async run(path, feeds) {
      const net = await loadOnnx(path);
      return feeds.map((feed) => net.predictSync(feed));
    },
  },
};

/** Saves the model and runs the file with batches of 1 and 3: the same ports, shapes and numbers. */
async function agrees(net: Model, layout: Layout, run: Run, bound = 1e-4): Promise<void> {
  const path = join(temporaryFolder(), 'net.onnx');
  await saveOnnx(net, path, { layout });
  const turned = layout === 'nchw' ? channelsFirst : <T>(x: T) => x;
  const feeds = [1, 3].map((batch) => randomFeeds(net, batch, (shape) => randomTensor(shape, batch, -2, 2)));
  const answers = await run(
    path,
    feeds.map((feed) => Object.fromEntries(Object.entries(feed).map(([name, x]) => [name, turned(x)]))),
  );
  for (const [i, answer] of answers.entries()) {
    const wanted = net.predictSync(feeds[i] as (typeof feeds)[number]);
    expect(Object.keys(answer)).toEqual(Object.keys(wanted));
    for (const [name, y] of Object.entries(wanted)) {
      const expected = turned(y);
      expect(answer[name]?.shape).toEqual(expected.shape);
      expect(relativeL2(answer[name]?.data ?? [], expected.data)).toBeLessThanOrEqual(bound);
    }
  }
}

const pads = [
  [0, 2],
  [1, 0],
] as const;

/** Layer, options and input, without the batch. */
const single: readonly [keyof typeof layers, object, number[]][] = [
  ['conv2d', { filters: 8, kernelSize: 3 }, [9, 8, 3]],
  ['conv2d', { filters: 8, kernelSize: [1, 5], strides: [2, 1], useBias: false }, [9, 11, 1]],
  ['conv2d', { filters: 5, kernelSize: 3, padding: 'same', strides: 2 }, [8, 7, 3]],
  ['conv2d', { filters: 5, kernelSize: 3, padding: pads, activation: 'relu' }, [6, 6, 3]],
  ['conv2d', { filters: 8, kernelSize: 3, dilationRate: 2, padding: 'same' }, [9, 9, 2]],
  ['conv2d', { filters: 8, kernelSize: 3, groups: 4 }, [9, 9, 12]],
  ['conv2d', { filters: 4, kernelSize: 1, activation: 'prelu' }, [5, 6, 3]],
  ['depthwiseConv2d', { kernelSize: 3, padding: 'same' }, [7, 7, 5]],
  ['depthwiseConv2d', { kernelSize: [2, 3], depthMultiplier: 3, strides: 2, useBias: false }, [7, 7, 5]],
  ['separableConv2d', { filters: 6, kernelSize: 3, depthMultiplier: 2, activation: 'tanh' }, [7, 7, 5]],
  ['conv2dTranspose', { filters: 4, kernelSize: 3, strides: 2, padding: 'same' }, [5, 6, 3]],
  ['conv2dTranspose', { filters: 4, kernelSize: [4, 2], strides: [2, 3] }, [5, 6, 3]],
  ['conv2dTranspose', { filters: 4, kernelSize: 3, strides: 2, padding: 1, outputPadding: 1 }, [5, 6, 3]],
  ['conv2dTranspose', { filters: 4, kernelSize: 3, dilationRate: 2, padding: pads }, [5, 6, 3]],
  ['maxPooling2d', {}, [5, 7, 3]],
  ['maxPooling2d', { poolSize: 3, strides: 2, padding: 'same' }, [6, 7, 3]],
  ['maxPooling2d', { poolSize: 2, ceilMode: true }, [5, 7, 3]],
  ['maxPooling2d', { poolSize: [3, 2], strides: [2, 3], padding: 1, ceilMode: true }, [6, 7, 3]],
  ['maxPooling2d', { poolSize: 3, strides: 2, ceilMode: true }, [2, 4, 3]],
  ['averagePooling2d', { poolSize: [2, 3] }, [5, 7, 3]],
  ['averagePooling2d', { poolSize: 3, strides: 2, padding: 1 }, [6, 7, 3]],
  ['averagePooling2d', { poolSize: 3, strides: 2, padding: 1, countIncludePad: true }, [6, 7, 3]],
  ['averagePooling2d', { poolSize: 3, strides: 2, padding: 1, ceilMode: true }, [6, 8, 3]],
  [
    'averagePooling2d',
    { poolSize: 3, strides: 2, padding: 1, ceilMode: true, countIncludePad: true },
    [6, 8, 3],
  ],
  ['averagePooling2d', { poolSize: 2, strides: 3, ceilMode: true, countIncludePad: true }, [7, 8, 3]],
  ['averagePooling2d', { poolSize: 3, strides: 2, ceilMode: true, countIncludePad: true }, [2, 4, 3]],
  ['averagePooling2d', { poolSize: 3, strides: 2, padding: 'same' }, [6, 7, 3]],
  ['globalAveragePooling2d', {}, [5, 7, 3]],
  ['globalAveragePooling2d', { keepDims: true }, [5, 7, 3]],
  ['globalMaxPooling2d', {}, [5, 7, 3]],
  ['globalMaxPooling2d', { keepDims: true }, [5, 7, 3]],
  ['dense', { units: 4 }, [7]],
  ['dense', { units: 4, useBias: false }, [7]],
  ['dense', { units: 4, activation: 'softmax' }, [5, 7]],
  ['dense', { units: 4 }, [5, 6, 7]],
  ['dense', { units: 4, useBias: false }, [2, 5, 6, 7]],
  ['batchNormalization', {}, [5, 7, 3]],
  ['batchNormalization', { center: false, scale: false }, [5, 7, 3]],
  ['batchNormalization', { epsilon: 0.1 }, [7]],
  ['batchNormalization', { center: false }, [5, 7]],
  ['relu', {}, [5, 7, 3]],
  ['relu', { maxValue: 1 }, [4]],
  ['leakyReLU', {}, [4, 3]],
  ['prelu', {}, [5, 7, 3]],
  ['prelu', { sharedAxes: [1, 2] }, [5, 7, 3]],
  ['prelu', { sharedAxes: [1, 3] }, [5, 7, 3]],
  ['prelu', {}, [6]],
  ['elu', { alpha: 0.7 }, [40]],
  ['sigmoid', {}, [40]],
  ['tanh', {}, [40]],
  ['softmax', {}, [4]],
  ['softmax', { axis: 1 }, [5, 7, 3]],
  ['softmax', { axis: -1 }, [5, 7, 3]],
  ['softplus', {}, [40]],
  ['hardSigmoid', {}, [40]],
  ['hardSigmoid', { alpha: 0.2, beta: 0.4 }, [40]],
  ['hardSwish', {}, [40]],
  ['swish', {}, [40]],
  ['gelu', {}, [40]],
  ['gelu', { approximate: true }, [5, 4, 2]],
  ['activation', { activation: 'linear' }, [4]],
  ['flatten', {}, [5, 7, 3]],
  ['flatten', {}, [1, 1, 3]],
  ['reshape', { targetShape: [15, 7] }, [5, 7, 3]],
  ['reshape', { targetShape: [1, 1, -1] }, [8]],
  ['reshape', { targetShape: [7, 5, 3] }, [5, 7, 3]],
  ['dropout', { rate: 0.5 }, [5, 7, 3]],
  ['zeroPadding2d', { padding: pads }, [5, 7, 3]],
  ['upSampling2d', {}, [5, 7, 3]],
  ['upSampling2d', { size: [3, 1] }, [5, 7, 3]],
  ['permute', { dims: [3, 1, 2] }, [5, 7, 3]],
  ['permute', { dims: [2, 1, 3] }, [5, 7, 3]],
  ['permute', { dims: [1, 2, 4, 3] }, [5, 4, 3, 2]],
  ['permute', { dims: [1, 2] }, [5, 4]],
  ['slice', { begin: [1, 0, 2], size: [-1, 3, 1] }, [5, 7, 3]],
  ['slice', { begin: [0, 0], size: [-1, 4] }, [5, 4]],
  ['rescaling', { scale: 1 / 255, offset: -1 }, [5, 7, 3]],
  ['rescaling', { scale: [1, 2, 3], offset: [0, 0, 0] }, [5, 7, 3]],
  ['rescaling', { scale: 1, offset: [4, 5] }, [3, 2]],
];

const onlyInNets = ['add', 'multiply', 'concatenate'];

test('every layer is in the table', () => {
  expect(new Set([...single.map(([type]) => type), ...onlyInNets])).toEqual(new Set(Object.keys(layers)));
});

const oneLayer = (type: keyof typeof layers, options: object): Layer =>
  (layers[type] as (options: object) => Layer)(options);

/** Several layers, inputs and outputs, and what orders of axes can do to one another. */
const nets: Readonly<Record<string, () => Model>> = {
  'a residual block with weighed channels'() {
    const x = input({ shape: [8, 9, 4] });
    const y = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x);
    const means = layers.globalAveragePooling2d({ keepDims: true }).apply(y);
    const weights = layers.conv2d({ filters: 4, kernelSize: 1, activation: 'sigmoid' }).apply(means);
    const weighed = layers.multiply().apply([y, weights]);
    return model({ inputs: x, outputs: layers.relu().apply(layers.add().apply([x, weighed])) });
  },
  'a layer used twice, and three sums'() {
    const [a, b] = [input({ shape: [6, 6, 3], name: 'a' }), input({ shape: [6, 6, 3], name: 'b' })];
    const shared = layers.conv2d({ filters: 3, kernelSize: 3, padding: 1 });
    const bent = layers.prelu({ sharedAxes: [1, 2] });
    const all = [bent.apply(shared.apply(a)), bent.apply(shared.apply(b)), b];
    return model({ inputs: [a, b], outputs: layers.add().apply(all) });
  },
  'outputs of every kind: one an input, one that changes nothing, one used on'() {
    const [a, b] = [input({ shape: [4, 5, 3], name: 'a' }), input({ shape: [7], name: 'b' })];
    const y = layers.conv2d({ filters: 3, kernelSize: 1, name: 'y' }).apply(a);
    const z = layers.dense({ units: 2, name: 'z' }).apply(layers.flatten().apply(y));
    const [same, copy] = [layers.dropout({ rate: 0.1 }).apply(y), layers.dropout({ rate: 0.1 }).apply(b)];
    return model({ inputs: [a, b], outputs: [a, y, same, copy, z] });
  },
  'concatenation along each axis'() {
    const [a, b] = [input({ shape: [4, 5, 3] }), input({ shape: [4, 5, 3] })];
    const y = layers.maxPooling2d({ poolSize: 1 }).apply(a);
    const outputs = [1, 2, 3, -1].map((axis) => layers.concatenate({ axis }).apply([y, b, a]));
    return model({ inputs: [a, b], outputs });
  },
  'factors of each axis'() {
    const [x, a, b] = [input({ shape: [4, 5, 3] }), input({ shape: [1, 5, 1] }), input({ shape: [4, 1, 3] })];
    const y = layers.conv2d({ filters: 3, kernelSize: 1 }).apply(x);
    return model({ inputs: [x, a, b], outputs: layers.multiply().apply([a, y, b]) });
  },
  'movements between convolutions'() {
    const x = input({ shape: [6, 4, 3] });
    const chain = [
      layers.conv2d({ filters: 4, kernelSize: 1 }),
      layers.permute({ dims: [2, 3, 1] }),
      layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same' }),
      layers.softmax({ axis: 2 }),
      layers.reshape({ targetShape: [4, 4, 2, 3] }),
      layers.permute({ dims: [1, 2, 4, 3] }),
      layers.reshape({ targetShape: [4, 4, 6] }),
      layers.slice({ begin: [0, 1, 2], size: [3, -1, 4] }),
      layers.zeroPadding2d({ padding: 1 }),
      layers.upSampling2d(),
      layers.dense({ units: 5 }),
      layers.batchNormalization(),
      layers.globalMaxPooling2d(),
      layers.reshape({ targetShape: [1, 1, 5] }),
      layers.conv2dTranspose({ filters: 2, kernelSize: 3 }),
      layers.gelu(),
    ];
    return model({ inputs: x, outputs: chain.reduce((y, layer) => layer.apply(y), x) });
  },
  'names that get in the way'() {
    const x = input({ shape: [3, 3, 2], name: 'c/Conv' });
    const y = layers.conv2d({ filters: 2, kernelSize: 1, name: 'c' }).apply(x);
    const z = layers.conv2d({ filters: 2, kernelSize: 1, name: 'c/kernel' }).apply(y);
    const last = layers.swish({ name: 'c/Conv_2' }).apply(z);
    return model({ inputs: x, outputs: [last, z, y] });
  },
  lenet5: () => zoo.lenet5({ inputShape: [16, 12, 2] }),
  squeezenet: () => zoo.squeezenet({ inputShape: [25, 33, 3], classes: 5 }),
  shufflenetV2: () => zoo.shufflenetV2({ inputShape: [33, 41, 3], classes: 5, alpha: 0.5 }),
  mobilenetV1: () => zoo.mobilenetV1({ inputShape: [33, 32, 3], classes: 5, alpha: 0.25 }),
  mobilenetV3Small: () => zoo.mobilenetV3Small({ inputShape: [33, 24, 3], classes: 5 }),
};

for (const [runner, { run, missing }] of Object.entries(runners)) {
  describe.skipIf(missing !== undefined)(`as ${runner} runs it${missing ? ` (${missing})` : ''}`, () => {
    for (const layout of ['nhwc', 'nchw'] as const) {
      test.for(single)(`${layout}: %s %j on %j`, async ([type, options, inputShape]) => {
        const net = sequential({ layers: [oneLayer(type, { ...options, inputShape })] });
        randomiseWeights(net);
        await agrees(net, layout, run, 1e-5);
      });

      test.for(Object.keys(nets))(`${layout}: %s`, async (name) => {
        const net = (nets[name] as () => Model)();
        if (!Object.hasOwn(zoo, name)) randomiseWeights(net);
        await agrees(net, layout, run);
      });
    }
  });
}
