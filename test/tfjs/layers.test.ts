import { input, type Layer, layers, loadTfjs, model } from 'neocog';
import { describe, test } from 'vitest';
import { expectSame, filled } from '../support/filled.js';
import { type Entry, layer, sequentialJson, weightData } from '../support/keras.js';

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
