import { type Model, zoo } from 'neocog';
import { describe, expect, test } from 'vitest';
import { nativeMissing } from './support/engines.js';
import { adapted, input, model } from './support/internals.js';
import { randomTensor } from './support/nets.js';
import { refused } from './support/refusal.js';

type Name = keyof typeof zoo;
const make = (name: Name, options?: unknown): Model => (zoo[name] as (options: unknown) => Model)(options);

/** [trainable, all] of a summary, which draws no weights. */
function parameters(net: Model): [number, number] {
  const [, all = ''] = /^total +([\d,]+)/m.exec(net.summary()) ?? [];
  const [, trainable = ''] = /^([\d,]+) parameters are trainable/m.exec(net.summary()) ?? [];
  const number = (text: string) => Number(text.replaceAll(',', ''));
  return [number(trainable), number(all)];
}

/** Trainable parameters as torchvision publishes them (mobilenetV1: Keras; lenet5: worked out by hand). */
const published: readonly [Name, object, number][] = [
  ['lenet5', {}, 61_706],
  ['alexnet', {}, 61_100_840],
  ['vgg11', {}, 132_863_336],
  ['vgg11', { batchNorm: true }, 132_868_840],
  ['vgg13', {}, 133_047_848],
  ['vgg13', { batchNorm: true }, 133_053_736],
  ['vgg16', {}, 138_357_544],
  ['vgg16', { batchNorm: true }, 138_365_992],
  ['vgg19', {}, 143_667_240],
  ['vgg19', { batchNorm: true }, 143_678_248],
  ['squeezenet', {}, 1_235_496],
  ['googlenet', {}, 6_624_904],
  ['resnet18', {}, 11_689_512],
  ['resnet34', {}, 21_797_672],
  ['resnet50', {}, 25_557_032],
  ['resnet101', {}, 44_549_160],
  ['densenet121', {}, 7_978_856],
  ['mobilenetV1', {}, 4_231_976],
  ['mobilenetV2', {}, 3_504_872],
  ['mobilenetV3Large', {}, 5_483_032],
  ['mobilenetV3Small', {}, 2_542_856],
  ['shufflenetV2', { alpha: 0.5 }, 1_366_792],
  ['shufflenetV2', {}, 2_278_604],
  ['shufflenetV2', { alpha: 1.5 }, 3_503_624],
  ['shufflenetV2', { alpha: 2 }, 7_393_996],
  ['efficientnetB0', {}, 5_288_548],
];

test.for(published)('%s %j has %d trainable parameters', ([name, options, count]) => {
  const net = make(name, options);
  expect(parameters(net)[0]).toBe(count);
  const lenet = name === 'lenet5';
  expect(net.inputs).toEqual([
    { name: 'input_1', shape: lenet ? [28, 28, 1] : [224, 224, 3], dtype: 'float32' },
  ]);
  expect(net.outputs[0]?.shape).toEqual([lenet ? 10 : 1000]);
});

test('mobilenetV1 has 4 253 864 parameters with the statistics, and every name of the zoo is counted above', () => {
  expect(parameters(zoo.mobilenetV1())[1]).toBe(4_253_864);
  expect(new Set(published.map(([name]) => name))).toEqual(new Set(Object.keys(zoo)));
  expect(Object.isFrozen(zoo)).toBe(true);
});

test('alpha multiplies channels: counts of torchvision and Keras for other widths', () => {
  expect(parameters(zoo.mobilenetV1({ alpha: 0.5 }))[1]).toBe(1_342_536);
  expect(parameters(zoo.mobilenetV1({ alpha: 0.25 }))[1]).toBe(475_544);
  expect(parameters(zoo.mobilenetV2({ alpha: 0.5 }))[0]).toBe(1_968_680);
});

/** Weights by the names of torchvision (mobilenetV1: of Keras). */
test.for<[Name, object, string[]]>([
  ['alexnet', {}, ['features.10/kernel', 'classifier.6/bias']],
  ['vgg16', {}, ['features.28/kernel', 'classifier.0/kernel']],
  ['vgg11', { batchNorm: true }, ['features.25/kernel', 'features.26/movingMean']],
  ['squeezenet', {}, ['features.12.expand3x3/bias', 'classifier.1/kernel']],
  ['googlenet', {}, ['inception3a.branch2.1.conv/kernel', 'inception5b.branch4.1.bn/beta', 'fc/kernel']],
  ['resnet50', {}, ['layer4.2.conv3/kernel', 'layer2.0.downsample.1/gamma', 'fc/bias']],
  ['densenet121', {}, ['features.denseblock4.denselayer16.conv2/kernel', 'features.norm5/gamma']],
  ['mobilenetV1', {}, ['conv_dw_13/kernel', 'conv_pw_13_bn/movingVariance', 'conv_preds/bias']],
  ['mobilenetV2', {}, ['features.1.conv.0.0/kernel', 'features.17.conv.3/beta', 'features.18.1/beta']],
  [
    'mobilenetV3Large',
    {},
    ['features.1.block.0.0/kernel', 'features.15.block.2.fc2/bias', 'classifier.3/bias'],
  ],
  ['shufflenetV2', {}, ['stage4.0.branch1.3/gamma', 'stage2.3.branch2.5/kernel', 'conv5.1/gamma']],
  ['efficientnetB0', {}, ['features.1.0.block.1.fc1/kernel', 'features.7.0.block.3.1/gamma']],
])('%s %j has the weights %j', ([name, options, wanted]) => {
  const keys = new Set(make(name, { ...options }).weights.keys());
  expect(wanted.filter((key) => !keys.has(key))).toEqual([]);
});

// Small images; the dense layers of AlexNet and VGG stay large, so one of them stands for all.
const small: readonly [Name, object][] = [
  ['lenet5', { inputShape: [12, 13, 2] }],
  ['alexnet', { inputShape: [63, 159, 3] }],
  ['squeezenet', { inputShape: [17, 33, 3] }],
  ['googlenet', { inputShape: [15, 40, 3] }],
  ['resnet18', { inputShape: [9, 32, 4] }],
  ['resnet50', { inputShape: [1, 1, 3] }],
  ['densenet121', { inputShape: [29, 32, 3] }],
  ['mobilenetV1', { inputShape: [32, 31, 3], alpha: 0.25 }],
  ['mobilenetV2', { inputShape: [17, 32, 3], alpha: 1.4 }],
  ['mobilenetV3Large', { inputShape: [24, 24, 3], alpha: 0.5 }],
  ['mobilenetV3Small', { inputShape: [33, 24, 1] }],
  ['shufflenetV2', { inputShape: [33, 41, 3], alpha: 0.5 }],
  ['efficientnetB0', { inputShape: [16, 31, 3] }],
];

const backend = nativeMissing === undefined ? 'native' : 'js';
describe(`small images on ${backend}`, () => {
  test.for(small)('%s %j', ([name, options]) => {
    const net = make(name, { ...options, classes: 7, seed: 3, backend });
    const x = randomTensor([2, ...(net.inputs[0]?.shape ?? [])]);
    const y = net.predictSync(x);
    expect(y.shape).toEqual([2, 7]);
    expect(y.data.every(Number.isFinite)).toBe(true);
    // The two images differ, so that the answers do: nothing has died on the way.
    expect(y.data.slice(0, 7)).not.toEqual(y.data.slice(7));
    expect(Math.max(...y.data)).toBeLessThan(1e4);
    if (name === 'lenet5' || name === 'mobilenetV1') {
      expect(y.data.slice(0, 7).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    }
  });
});

test.for([
  [7, 6],
  [14, 3],
  [2, 9],
  [1, 20],
] as const)('maps of %d x %d brought to 7 x 7 hold the means of torch', ([height, width]) => {
  const x = input({ shape: [height, width, 2] });
  const net = model({ inputs: x, outputs: adapted(x, [height, width], 7) });
  const { data } = randomTensor([height, width, 2]);
  const y = net.predictSync({ shape: [height, width, 2], dtype: 'float32', data });
  expect(y.shape).toEqual([7, 7, 2]);
  for (let i = 0; i < 7; i++) {
    for (let j = 0; j < 7; j++) {
      const [top, bottom] = [Math.floor((i * height) / 7), Math.ceil(((i + 1) * height) / 7)];
      const [left, right] = [Math.floor((j * width) / 7), Math.ceil(((j + 1) * width) / 7)];
      let sum = 0;
      for (let h = top; h < bottom; h++) {
        for (let w = left; w < right; w++) sum += data[(h * width + w) * 2 + 1] as number;
      }
      expect(y.data[(i * 7 + j) * 2 + 1]).toBeCloseTo(sum / ((bottom - top) * (right - left)), 6);
    }
  }
});

test('the same seed gives the same weights, another one others', () => {
  const kernel = (seed: number) => zoo.lenet5({ seed }).weights.get('conv2/kernel')?.data;
  expect(kernel(5)).toEqual(kernel(5));
  expect(kernel(5)).not.toEqual(kernel(6));
});

test('kernels are He-normal: their variance is 2 / fanIn, biases are zero', () => {
  const { weights } = zoo.resnet18({ inputShape: [32, 32, 3] });
  const kernel = weights.get('layer3.1.conv2/kernel')?.data as Float32Array;
  const variance = kernel.reduce((sum, v) => sum + v * v, 0) / kernel.length;
  expect((variance * (9 * 256)) / 2).toBeCloseTo(1, 1);
  expect(weights.get('fc/bias')?.data.every((v) => v === 0)).toBe(true);
});

describe('what is refused', () => {
  test('images that are none or too small, with the layer that does not fit', async () => {
    for (const inputShape of [[224, 224], [0, 224, 3], [224, 224, 3, 1], 224, '224', [2.5, 2, 3], []]) {
      await refused(() => make('resnet18', { inputShape }), 'resnet18: expected inputShape');
    }
    await refused(
      () => make('squeezenet', { inputShape: [16, 24, 3] }),
      /^squeezenet of 1000 classes on \[16, 24, 3\]: layer \d+ \(maxPooling2d .*expected a window/,
    );
    await refused(() => make('vgg16', { inputShape: [31, 224, 3] }), /^vgg16 of .*expected a window/);
    await refused(() => make('lenet5', { inputShape: [11, 28, 1] }), /^lenet5 of .*expected a window/);
    await refused(() => make('shufflenetV2', { inputShape: [1e9, 1e9, 3] }), /^shufflenetV2: .*inputShape/);
  });

  test('classes, alpha, batchNorm, and options that nobody knows', async () => {
    for (const name of Object.keys(zoo) as Name[]) {
      for (const classes of [0, -1, 1.5, '10', null]) {
        await refused(() => make(name, { classes }), `${name}: expected classes`);
      }
      await refused(() => make(name, { clases: 10 }), `${name}: unknown option "clases"`);
      await refused(() => make(name, 7), `${name}: expected options`);
      await refused(() => make(name, { backend: 'gpu' }), `${name}: expected backend`);
      await refused(() => make(name, { seed: -1 }), `${name}: expected seed`);
    }
    for (const alpha of [0, -1, Number.NaN, '1', 0.001]) {
      await refused(() => make('mobilenetV1', { alpha }), 'mobilenetV1: expected alpha');
      await refused(() => make('shufflenetV2', { alpha }), 'shufflenetV2: expected alpha');
    }
    await refused(() => make('shufflenetV2', { alpha: 0.75 }), /one of 0.5, 1, 1.5, 2, got 0.75/);
    await refused(() => make('vgg16', { batchNorm: 1 }), 'vgg16: expected batchNorm');
    await refused(() => make('resnet18', { alpha: 1 }), 'resnet18: unknown option "alpha"');
  });
});
