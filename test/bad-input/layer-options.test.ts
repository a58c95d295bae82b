import { layers, ops, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { make, notPositive, shown, windowOptions } from '../support/loose.js';
import { randomTensor } from '../support/nets.js';
import { refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group C: the configuration of layers.

const convolutions = ['conv2d', 'depthwiseConv2d', 'separableConv2d', 'conv2dTranspose'];
const windowed = [...convolutions, 'maxPooling2d', 'averagePooling2d'];

describe('C options of layers, refused when the layer is made', () => {
  for (const type of windowed) {
    const size = /Pooling/.test(type) ? 'poolSize' : 'kernelSize';
    const dilates = !/Pooling/.test(type);

    test.for(notPositive.map((value) => ({ value, text: shown(value) })))(
      `33 ${type}: ${size} $text`,
      ({ value }) =>
        refused(() => make(type, windowOptions(type, { [size]: value })), `${type}: expected ${size}`),
    );

    test.for(notPositive.map((value) => ({ value, text: shown(value) })))(
      `35 ${type}: strides $text`,
      ({ value }) =>
        refused(() => make(type, windowOptions(type, { strides: value })), `${type}: expected strides`),
    );

    if (dilates) {
      test.for(notPositive.map((value) => ({ value, text: shown(value) })))(
        `36 ${type}: dilationRate $text`,
        ({ value }) =>
          refused(
            () => make(type, windowOptions(type, { dilationRate: value })),
            `${type}: expected dilationRate`,
          ),
      );
    }

    test.for(
      [
        -1,
        1.5,
        Number.NaN,
        'SAME',
        'full',
        '',
        null,
        [1, 1],
        [[1, 1]],
        [
          [1, 1],
          [1, -1],
        ],
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        [[1], [1]],
        {},
        true,
      ].map((value) => ({
        value,
        text: shown(value),
      })),
    )(`37, 44 ${type}: padding $text`, ({ value }) =>
      refused(() => make(type, windowOptions(type, { padding: value })), `${type}: expected padding`),
    );
  }

  test('37 padding as large as the window of a pool: some windows would hold nothing', async () => {
    const net = (type: string, more: object) => () =>
      sequential({ layers: [make(type, { inputShape: [5, 5, 1], ...more })] });
    for (const type of ['maxPooling2d', 'averagePooling2d']) {
      await refused(net(type, { poolSize: 1, padding: 1 }), type, /padding/, /1/);
      await refused(
        net(type, {
          poolSize: 2,
          padding: [
            [0, 0],
            [2, 0],
          ],
        }),
        type,
        /padding/,
        /2/,
      );
    }
  });

  test.for([
    ['conv2d', { filters: 0 }, 'filters'],
    ['conv2d', { filters: -4 }, 'filters'],
    ['conv2d', { filters: undefined }, 'filters'],
    ['separableConv2d', { filters: 0 }, 'filters'],
    ['conv2dTranspose', { filters: 0 }, 'filters'],
    ['depthwiseConv2d', { depthMultiplier: 0 }, 'depthMultiplier'],
    ['separableConv2d', { depthMultiplier: 1.5 }, 'depthMultiplier'],
    ['conv2d', { kernelSize: undefined }, 'kernelSize'],
    ['conv2d', { useBias: 1 }, 'useBias'],
    ['conv2d', { kernelInitializer: 'best' }, 'kernelInitializer'],
  ] as const)('39 %s %j', ([type, more, option]) =>
    refused(() => make(type, windowOptions(type, more)), `${type}: expected ${option}`),
  );

  test('39 dense units', async () => {
    for (const units of notPositive) await refused(() => make('dense', { units }), 'dense: expected units');
  });

  test('38 groups: 0, negative, not dividing the filters', async () => {
    for (const groups of [0, -1, 1.5, '2', null]) {
      await refused(() => make('conv2d', windowOptions('conv2d', { groups })), 'conv2d: expected groups');
    }
    await refused(
      () => make('conv2d', windowOptions('conv2d', { filters: 4, groups: 3 })),
      /conv2d: expected groups to divide.*4.*3/,
    );
  });

  test('43 outputPadding that is no size', async () => {
    for (const outputPadding of [-1, 0.5, '1', [1], [1, 1, 1], Number.NaN]) {
      await refused(
        () => make('conv2dTranspose', windowOptions('conv2dTranspose', { outputPadding })),
        'conv2dTranspose: expected outputPadding',
      );
    }
  });

  test('46 reshape with two -1, with 0, with nothing', async () => {
    await refused(() => make('reshape', { targetShape: [-1, -1] }), /reshape: expected targetShape.*-1/);
    await refused(() => make('reshape', { targetShape: [0, 4] }), /reshape: expected targetShape\[0\].*0/);
    await refused(() => make('reshape', { targetShape: [-2, 4] }), /reshape: expected targetShape\[0\].*-2/);
    await refused(() => make('reshape', { targetShape: [] }), 'reshape: expected targetShape');
    await refused(() => make('reshape', {}), 'reshape: expected targetShape');
  });

  test('49 permute with an axis twice, too few, the batch', async () => {
    for (const dims of [[1, 1, 2], [0, 1, 2], [1, 2, 4], [1.5], [-1], [], 3, null]) {
      await refused(() => make('permute', { dims }), 'permute: expected dims');
    }
  });

  test('a slice that begins nowhere, has no size, or lies outside', async () => {
    for (const begin of [[], [-1, 0], [0.5, 0], ['0', 0], 3, null, undefined, Array(8).fill(0)]) {
      await refused(() => make('slice', { begin, size: [1, 1] }), 'slice: expected begin');
    }
    for (const size of [[], [0, 1], [-2, 1], [1.5, 1], [1], [1, 1, 1], 3, null, undefined]) {
      await refused(() => make('slice', { begin: [0, 0], size }), 'slice: expected size');
    }
    const net = (begin: number[], size: number[]) => () =>
      sequential({ layers: [layers.slice({ begin, size, inputShape: [4, 3] })] });
    await refused(net([0], [1]), /layer 0 \(slice "slice_1"\): expected an input of 1 dimensions.*\[4, 3\]/);
    await refused(net([0, 2], [4, 2]), /expected begin and size inside axis 1 of \[4, 3\], got 2 and 2/);
    await refused(net([4, 0], [-1, 3]), /expected begin and size inside axis 0 of \[4, 3\], got 4 and -1/);
  });

  test('50 upsampling by 0, negative, NaN, 1e30; another interpolation', async () => {
    for (const size of [...notPositive, 1e30])
      await refused(() => make('upSampling2d', { size }), 'upSampling2d: expected size');
    await refused(
      () => make('upSampling2d', { interpolation: 'bicubic' }),
      /upSampling2d: expected interpolation.*bicubic/,
    );
  });

  test('51 a dropout rate of 1, above, negative, NaN', async () => {
    for (const rate of [1, 1.5, -0.1, Number.NaN, '0.5', undefined])
      await refused(() => make('dropout', { rate }), 'dropout: expected rate');
    expect(make('dropout', { rate: 0 }).type).toBe('dropout');
  });

  test.for([
    'Relu',
    'relu6',
    'RELU',
    '',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    7,
    null,
    {},
    ['relu'],
    () => 0,
  ])('54 activation %s', async (activation) => {
    await refused(() => make('dense', { units: 4, activation }), 'dense: expected activation');
    await refused(
      () => make('conv2d', windowOptions('conv2d', { activation })),
      'conv2d: expected activation',
    );
    await refused(() => make('activation', { activation }), 'activation: expected activation');
  });

  test('54 names: strange ones are kept as they are, impossible ones refused', async () => {
    for (const name of ['__proto__', 'constructor', 'a/b', 'ü x', '1']) {
      const net = sequential({ layers: [layers.dense({ inputShape: [2], units: 2, name })] });
      expect(net.outputs[0]?.name).toBe(name);
      expect([...net.weights.keys()]).toEqual([`${name}/kernel`, `${name}/bias`]);
      const out = net.predictSync({ input_1: tensor(new Float32Array(2), [1, 2]) });
      expect(Object.keys(out)).toEqual([name]);
    }
    for (const name of ['', 7, null, {}, 'a\0b', 'x'.repeat(10_000)]) {
      await refused(() => make('dense', { units: 2, name }), 'dense: expected name');
    }
  });

  test('unknown options, options that are none, options that cannot be read', async () => {
    await refused(() => make('conv2d', windowOptions('conv2d', { kernelsize: 3 })), /conv2d: .*kernelsize/);
    for (const wrong of [null, 7, 'x', [3], new Float32Array(3)])
      await refused(() => make('conv2d', wrong), 'conv2d: expected options');
    await refused(() => make('conv2d', undefined), 'conv2d: expected');
    const throwing = Object.defineProperty({ filters: 4 }, 'kernelSize', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    await refused(() => make('conv2d', throwing), 'conv2d', 'kernelSize');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    await refused(() => make('conv2d', proxy), 'conv2d');
  });

  test('options inherited from a polluted Object.prototype are not read', () => {
    const prototype = Object.prototype as Record<string, unknown>;
    try {
      Object.assign(prototype, {
        strides: 7,
        padding: 'same',
        groups: 3,
        activation: 'tanh',
        name: 'evil',
        backend: 'none',
      });
      const net = sequential({
        layers: [layers.conv2d({ inputShape: [5, 5, 1], filters: 1, kernelSize: 3 })],
      });
      expect(net.outputs).toMatchObject([{ name: 'conv2d_1', shape: [3, 3, 1] }]);
      expect(ops.maxPool2d(randomTensor([1, 4, 4, 1]), { poolSize: 2 }).shape).toEqual([1, 2, 2, 1]);
    } finally {
      for (const key of ['strides', 'padding', 'groups', 'activation', 'name', 'backend'])
        delete prototype[key];
    }
  });

  test('other numbers that have a rule', async () => {
    await refused(() => make('relu', { maxValue: -1 }), 'relu: expected maxValue');
    await refused(() => make('relu', { maxValue: Number.NaN }), 'relu: expected maxValue');
    await refused(() => make('leakyReLU', { alpha: 'x' }), 'leakyReLU: expected alpha');
    await refused(() => make('elu', { alpha: Number.POSITIVE_INFINITY }), 'elu: expected alpha');
    await refused(() => make('batchNormalization', { momentum: 2 }), 'batchNormalization: expected momentum');
    await refused(() => make('rescaling', { scale: Number.NaN }), 'rescaling: expected scale');
    await refused(() => make('zeroPadding2d', { padding: -1 }), 'zeroPadding2d: expected padding');
    await refused(() => make('softmax', { axis: 1.5 }), 'softmax: expected axis');
    await refused(() => make('prelu', { sharedAxes: [0.5] }), 'prelu: expected sharedAxes');
  });
});
