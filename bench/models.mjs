// The networks of the scenarios in neocog's layers, with random weights that do not blow up on the way.
import { layers, sequential, tensor } from '../dist/index.js';

/** Numbers in [-1, 1) from a seed (xorshift32). */
export function noise(length, seed = 1) {
  let state = seed * 2654435761 || 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2147483648;
  });
}

/** A tensor of such numbers. */
export const noisy = (shape, seed) =>
  tensor(
    noise(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  );

/** LeNet-5 (LeCun et al. 1998) on 28x28, with relu and max pooling: 0.42 M multiply-adds. */
export const lenet = (options) =>
  sequential({
    ...options,
    layers: [
      layers.conv2d({
        inputShape: [28, 28, 1],
        filters: 6,
        kernelSize: 5,
        padding: 'same',
        activation: 'relu',
      }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 120, activation: 'relu' }),
      layers.dense({ units: 84, activation: 'relu' }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });

/** Filters and stride of MobileNetV1's thirteen separable blocks (Howard et al. 2017, table 1). */
export const mobilenetBlocks = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/** MobileNetV1 1.0 224: 569 M multiply-adds. */
export function mobilenetV1(options) {
  // A layer used twice shares its weights, so each use makes its own.
  const after = () => [layers.batchNormalization(), layers.relu({ maxValue: 6 })];
  const conv = (filters, kernelSize, strides, more) => [
    layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, ...more }),
    ...after(),
  ];
  const depthwise = (strides) => [
    layers.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }),
    ...after(),
  ];
  return sequential({
    ...options,
    layers: [
      ...conv(32, 3, 2, { inputShape: [224, 224, 3] }),
      ...mobilenetBlocks.flatMap(([filters, strides]) => [...depthwise(strides), ...conv(filters, 1, 1)]),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 1000, activation: 'softmax' }),
    ],
  });
}

/** Weights for any network by their names: He-scaled noise in kernels, mild batch norm. Sets and gives them. */
export function fill(net) {
  const weights = [...net.weights].map(([name, { shape }], i) => {
    const { data } = noisy(shape, i + 1);
    const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const inputs = name.includes('depthwise') ? shape[0] * shape[1] : fanIn;
    const kind = name.slice(name.lastIndexOf('/') + 1);
    if (kind.toLowerCase().includes('kernel'))
      return tensor(
        data.map((v) => v * Math.sqrt(6 / inputs)),
        shape,
      );
    if (kind === 'gamma' || kind === 'movingVariance')
      return tensor(
        data.map((v) => 1 + 0.2 * v),
        shape,
      );
    return tensor(
      data.map((v) => 0.1 * v),
      shape,
    );
  });
  net.setWeights(weights);
  return weights;
}
