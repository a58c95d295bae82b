import { input, type Layer, layers, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectExact, expectWithin, sumBound } from './support/bounds.js';
import { backends } from './support/engines.js';
import { nameOf } from './support/geometry.js';
import { randomiseWeights, randomTensor } from './support/nets.js';
import { averagepool2d, conv2d, convtranspose2d, depthwise2d, maxpool2d } from './support/windows.js';

/** Layer, input, output (without the batch), parameters: worked out by hand. */
const shapes: readonly [keyof typeof layers, object, number[], number[], number][] = [
  ['conv2d', { filters: 8, kernelSize: 3 }, [28, 28, 1], [26, 26, 8], 80],
  ['conv2d', { filters: 8, kernelSize: 3, padding: 'same' }, [28, 28, 1], [28, 28, 8], 80],
  ['conv2d', { filters: 8, kernelSize: 3, padding: 'same', strides: 2 }, [27, 28, 3], [14, 14, 8], 224],
  ['conv2d', { filters: 8, kernelSize: [1, 5], strides: [1, 2] }, [9, 11, 3], [9, 4, 8], 128],
  ['conv2d', { filters: 8, kernelSize: 3, padding: 1, strides: 2 }, [28, 28, 3], [14, 14, 8], 224],
  [
    'conv2d',
    {
      filters: 8,
      kernelSize: 3,
      padding: [
        [0, 1],
        [2, 0],
      ],
      useBias: false,
    },
    [6, 6, 3],
    [5, 6, 8],
    216,
  ],
  ['conv2d', { filters: 8, kernelSize: 3, dilationRate: 2 }, [9, 9, 2], [5, 5, 8], 152],
  ['conv2d', { filters: 8, kernelSize: 3, groups: 4 }, [9, 9, 12], [7, 7, 8], 224],
  ['depthwiseConv2d', { kernelSize: 3, padding: 'same' }, [7, 7, 5], [7, 7, 5], 50],
  ['depthwiseConv2d', { kernelSize: 3, depthMultiplier: 2, strides: 2 }, [7, 7, 5], [3, 3, 10], 100],
  ['separableConv2d', { filters: 6, kernelSize: 3, depthMultiplier: 2 }, [7, 7, 5], [5, 5, 6], 156],
  [
    'conv2dTranspose',
    { filters: 4, kernelSize: 3, strides: 2, padding: 'same' },
    [5, 6, 3],
    [10, 12, 4],
    112,
  ],
  ['conv2dTranspose', { filters: 4, kernelSize: 3, strides: 2 }, [5, 6, 3], [11, 13, 4], 112],
  [
    'conv2dTranspose',
    { filters: 4, kernelSize: 3, strides: 2, padding: 1, outputPadding: 1 },
    [5, 6, 3],
    [10, 12, 4],
    112,
  ],
  ['maxPooling2d', {}, [5, 7, 3], [2, 3, 3], 0],
  ['maxPooling2d', { poolSize: 3, strides: 2, padding: 'same' }, [5, 7, 3], [3, 4, 3], 0],
  ['maxPooling2d', { poolSize: 2, ceilMode: true }, [5, 7, 3], [3, 4, 3], 0],
  ['averagePooling2d', { poolSize: [2, 3] }, [5, 7, 3], [2, 2, 3], 0],
  ['averagePooling2d', { poolSize: 3, strides: 2, padding: 1 }, [5, 7, 3], [3, 4, 3], 0],
  ['globalAveragePooling2d', {}, [5, 7, 3], [3], 0],
  ['globalMaxPooling2d', { keepDims: true }, [5, 7, 3], [1, 1, 3], 0],
  ['dense', { units: 4 }, [7], [4], 32],
  ['dense', { units: 4, useBias: false }, [5, 7], [5, 4], 28],
  ['batchNormalization', {}, [5, 7, 3], [5, 7, 3], 12],
  ['batchNormalization', { center: false, scale: false }, [5, 7, 3], [5, 7, 3], 6],
  ['relu', {}, [5, 7, 3], [5, 7, 3], 0],
  ['relu', { maxValue: 6 }, [4], [4], 0],
  ['leakyReLU', {}, [4], [4], 0],
  ['prelu', {}, [5, 7, 3], [5, 7, 3], 105],
  ['prelu', { sharedAxes: [1, 2] }, [5, 7, 3], [5, 7, 3], 3],
  ['elu', {}, [4], [4], 0],
  ['sigmoid', {}, [4], [4], 0],
  ['tanh', {}, [4], [4], 0],
  ['softmax', {}, [4], [4], 0],
  ['softmax', { axis: 1 }, [5, 7, 3], [5, 7, 3], 0],
  ['softplus', {}, [4], [4], 0],
  ['hardSigmoid', {}, [4], [4], 0],
  ['hardSwish', {}, [4], [4], 0],
  ['swish', {}, [4], [4], 0],
  ['gelu', {}, [4], [4], 0],
  ['gelu', { approximate: true }, [4], [4], 0],
  ['activation', { activation: 'relu' }, [4], [4], 0],
  ['flatten', {}, [5, 7, 3], [105], 0],
  ['reshape', { targetShape: [15, 7] }, [5, 7, 3], [15, 7], 0],
  ['dropout', { rate: 0.5 }, [5, 7, 3], [5, 7, 3], 0],
  ['zeroPadding2d', { padding: 1 }, [5, 7, 3], [7, 9, 3], 0],
  [
    'zeroPadding2d',
    {
      padding: [
        [1, 0],
        [2, 3],
      ],
    },
    [5, 7, 3],
    [6, 12, 3],
    0,
  ],
  ['upSampling2d', {}, [5, 7, 3], [10, 14, 3], 0],
  ['upSampling2d', { size: [3, 1] }, [5, 7, 3], [15, 7, 3], 0],
  ['permute', { dims: [3, 1, 2] }, [5, 7, 3], [3, 5, 7], 0],
  ['slice', { begin: [1, 0, 2], size: [-1, 3, 1] }, [5, 7, 3], [4, 3, 1], 0],
  ['slice', { begin: [2], size: [2] }, [5], [2], 0],
  ['rescaling', { scale: 1 / 255, offset: -1 }, [5, 7, 3], [5, 7, 3], 0],
];

function oneLayer(type: keyof typeof layers, options: object, inputShape: readonly number[]): Layer {
  return (layers[type] as (options: object) => Layer)({ ...options, inputShape });
}

test.for(shapes)(
  'shape of %s %j on %j is %j with %d parameters',
  ([type, options, inputShape, outputShape, parameters]) => {
    const net = sequential({ layers: [oneLayer(type, options, inputShape)] });
    expect(net.inputs[0]?.shape).toEqual(inputShape);
    expect(net.outputs[0]?.shape).toEqual(outputShape);
    const counted = net.getWeights().reduce((sum, { data }) => sum + data.length, 0);
    expect(counted).toBe(parameters);
  },
);

for (const { title, options: engine, missing } of backends) {
  describe.skipIf(missing !== undefined)(`layers on ${title}`, () => {
    test.for(shapes)(
      '%s %j on %j answers with its shape, alone and in a batch',
      ([type, options, inputShape, outputShape]) => {
        const net = sequential({ layers: [oneLayer(type, options, inputShape)], ...engine });
        const x = randomTensor([3, ...inputShape]);
        const y = net.predictSync(x);
        expect(y.shape).toEqual([3, ...outputShape]);
        expect(y.data.every(Number.isFinite)).toBe(true);
        const size = x.data.length / 3;
        const alone = net.predictSync(tensor(x.data.slice(size, 2 * size), inputShape));
        expect(alone.shape).toEqual(outputShape);
        expect(alone.data).toEqual(y.data.slice(y.data.length / 3, (2 * y.data.length) / 3));
      },
    );

    // Padding of each kind, worked out by hand: [top, bottom, left, right].
    const windows = [
      { options: { kernelSize: 3, padding: 'same' }, h: 7, w: 6, pad: [1, 1, 1, 1] },
      { options: { kernelSize: 3, padding: 'same', strides: 2 }, h: 7, w: 6, pad: [1, 1, 0, 1] },
      { options: { kernelSize: [2, 4], padding: 'same' }, h: 5, w: 6, pad: [0, 1, 1, 2] },
      { options: { kernelSize: 3, padding: 'same', dilationRate: 2 }, h: 5, w: 6, pad: [2, 2, 2, 2] },
      { options: { kernelSize: 3, padding: 2, strides: 3 }, h: 5, w: 6, pad: [2, 2, 2, 2] },
      {
        options: {
          kernelSize: 3,
          padding: [
            [0, 2],
            [1, 0],
          ],
        },
        h: 5,
        w: 6,
        pad: [0, 2, 1, 0],
      },
      { options: { kernelSize: 3 }, h: 5, w: 6, pad: [0, 0, 0, 0] },
    ] as const;
    const both = (value: number | readonly number[] | undefined): [number, number] =>
      typeof value === 'object' ? [value[0] as number, value[1] as number] : [value ?? 1, value ?? 1];

    test.for(windows.map((item) => ({ ...item, name: nameOf({ ...item.options, h: item.h, w: item.w }) })))(
      'convolutions and pooling with $name',
      ({ options, h, w, pad }) => {
        const { kernelSize, strides, dilationRate } = options as {
          kernelSize: number;
          strides?: number;
          dilationRate?: number;
        };
        const spec = {
          h,
          w,
          c: 4,
          k: both(kernelSize),
          s: both(strides),
          d: both(dilationRate),
          pad,
          bias: true,
        };
        const x = randomTensor([h, w, 4]);
        const inputShape = [h, w, 4];
        const build = (layer: Layer) => {
          const net = sequential({ layers: [layer], ...engine });
          randomiseWeights(net);
          return { y: net.predictSync(x).data, weights: net.getWeights().map(({ data }) => data) };
        };
        const conv = build(layers.conv2d({ ...options, filters: 6, inputShape }));
        const wanted = conv2d({ ...spec, oc: 6 }, [x.data, ...conv.weights]);
        expectWithin(conv.y, wanted.values, sumBound(wanted));

        const depthwise = build(layers.depthwiseConv2d({ ...options, depthMultiplier: 2, inputShape }));
        const channels = depthwise2d({ ...spec, mult: 2 }, [x.data, ...depthwise.weights]);
        expectWithin(depthwise.y, channels.values, sumBound(channels));

        if (dilationRate !== undefined || pad.some((cells) => cells > 1)) return;
        const pool = {
          poolSize: spec.k,
          strides: spec.s,
          padding: (options as { padding?: 'same' }).padding ?? ('valid' as const),
          inputShape,
        };
        expectExact(build(layers.maxPooling2d(pool)).y, maxpool2d(spec, [x.data]).values);
        const average = averagepool2d(spec, [x.data]);
        expectWithin(build(layers.averagePooling2d(pool)).y, average.values, sumBound(average));
        const padded = averagepool2d({ ...spec, include: true }, [x.data]);
        expectWithin(
          build(layers.averagePooling2d({ ...pool, countIncludePad: true })).y,
          padded.values,
          sumBound(padded),
        );
      },
    );

    test.for([
      { options: { kernelSize: 3, strides: 2, padding: 'same' }, pad: [0, 1, 0, 1] },
      { options: { kernelSize: 4, strides: 2, padding: 'same' }, pad: [1, 1, 1, 1] },
      {
        options: { kernelSize: 3, strides: 2, padding: 1, outputPadding: 1 },
        pad: [1, 1, 1, 1],
        outputPadding: [1, 1],
      },
      { options: { kernelSize: 3, strides: 2 }, pad: [0, 0, 0, 0] },
      { options: { kernelSize: 2, strides: 3 }, pad: [0, 0, 0, 0], outputPadding: [1, 1] },
    ] as const)('conv2dTranspose %j', ({ options, pad, ...rest }) => {
      const x = randomTensor([4, 3, 5]);
      const net = sequential({
        layers: [layers.conv2dTranspose({ ...options, filters: 3, inputShape: [4, 3, 5] })],
        ...engine,
      });
      randomiseWeights(net);
      const spec = {
        h: 4,
        w: 3,
        c: 5,
        oc: 3,
        k: both(options.kernelSize),
        s: both(options.strides),
        pad,
        bias: true,
        ...rest,
      };
      const wanted = convtranspose2d(spec, [x.data, ...net.getWeights().map(({ data }) => data)]);
      expectWithin(net.predictSync(x).data, wanted.values, sumBound(wanted));
    });

    test('separableConv2d is a depthwise and a 1x1 convolution', () => {
      const x = randomTensor([6, 5, 3]);
      const net = sequential({
        layers: [
          layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2, inputShape: [6, 5, 3] }),
        ],
        ...engine,
      });
      randomiseWeights(net);
      const [depthwise, pointwise, bias] = net.getWeights().map(({ data }) => data) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const middle = depthwise2d({ h: 6, w: 5, c: 3, k: [3, 3], mult: 2 }, [x.data, depthwise]);
      const wanted = conv2d({ h: 4, w: 3, c: 6, k: [1, 1], oc: 4 }, [
        Float32Array.from(middle.values),
        pointwise,
        bias,
      ]);
      const slack = Math.max(...middle.magnitude) * 40 * 2 ** -24 * 6;
      expectWithin(
        net.predictSync(x).data,
        wanted.values,
        sumBound(wanted).map((bound) => bound + slack),
      );
    });

    test('layers that move numbers', () => {
      const x = tensor(
        Float32Array.from({ length: 12 }, (_, i) => i),
        [2, 3, 2],
      );
      const answer = (layer: Layer): number[] => [
        ...sequential({ layers: [layer], ...engine }).predictSync(x).data,
      ];
      const inputShape = [2, 3, 2];
      expect(answer(layers.permute({ dims: [3, 1, 2], inputShape }))).toEqual([
        0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11,
      ]);
      expect(answer(layers.slice({ begin: [0, 1, 1], size: [-1, -1, 1], inputShape }))).toEqual([
        3, 5, 9, 11,
      ]);
      expect(
        answer(
          layers.zeroPadding2d({
            padding: [
              [0, 1],
              [1, 0],
            ],
            inputShape,
          }),
        ),
      ).toEqual(
        [[0, 0], [0, 1], [2, 3], [4, 5], [0, 0], [6, 7], [8, 9], [10, 11], ...Array(4).fill([0, 0])].flat(),
      );
      expect(answer(layers.upSampling2d({ size: [1, 2], inputShape }))).toEqual([
        0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11,
      ]);
      expect(answer(layers.rescaling({ scale: 2, offset: -1, inputShape }))).toEqual(
        [...x.data].map((v) => 2 * v - 1),
      );
      expect(answer(layers.dropout({ rate: 0.9, inputShape }))).toEqual([...x.data]);
      expect(answer(layers.globalMaxPooling2d({ inputShape }))).toEqual([10, 11]);
      expect(answer(layers.globalAveragePooling2d({ inputShape }))).toEqual([5, 6]);
    });

    test('a last pooling window over the edge, and one that lies in padding only', () => {
      const x = tensor(
        Float32Array.from({ length: 9 }, (_, i) => i + 1),
        [3, 3, 1],
      );
      const options = { poolSize: 2, ceilMode: true, inputShape: [3, 3, 1] };
      const max = sequential({ layers: [layers.maxPooling2d(options)], ...engine });
      expect([...max.predictSync(x).data]).toEqual([5, 6, 8, 9]);
      const mean = sequential({ layers: [layers.averagePooling2d(options)], ...engine });
      expect([...mean.predictSync(x).data]).toEqual([3, 4.5, 7.5, 9]);
    });

    test('add, multiply, concatenate in a model with two inputs', () => {
      const a = input({ shape: [2, 2], name: 'a' });
      const b = input({ shape: [2, 2], name: 'b' });
      const net = model({
        inputs: [a, b],
        outputs: [
          layers.add().apply([a, b]),
          layers.multiply().apply([a, b]),
          layers.concatenate().apply([a, b]),
        ],
        ...engine,
      });
      const x = {
        a: tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2]),
        b: tensor(Float32Array.of(5, 6, 7, 8), [1, 2, 2]),
      };
      const y = net.predictSync(x);
      expect(Object.keys(y).length).toBe(3);
      const byShape = Object.values(y).map(({ data, shape }) => [shape.join(), [...data]]);
      expect(byShape).toEqual([
        ['1,2,2', [6, 8, 10, 12]],
        ['1,2,2', [5, 12, 21, 32]],
        ['1,2,4', [1, 2, 5, 6, 3, 4, 7, 8]],
      ]);
    });
  });
}
