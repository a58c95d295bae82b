import { type Layer, layers, type Model, sequential, type Tensor, tensor } from 'neocog';
import { floats, random } from './random.js';

/** A tensor of seeded numbers in [low, high). */
export function randomTensor(shape: readonly number[], seed = 1, low = -1, high = 1): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(floats(random(seed), size, low, high), shape);
}

/** Gives every weight of a model seeded numbers: variances positive, all of them different from the start values. */
export function randomiseWeights(net: Model, seed = 1): void {
  const names = [...net.weights.keys()];
  const tensors = net.getWeights().map(({ shape }, i) => {
    const variance = names[i]?.endsWith('movingVariance') ?? false;
    return randomTensor(shape, seed + i, variance ? 0.5 : -0.5, variance ? 2 : 0.5);
  });
  net.setWeights(tensors);
}

/** The layers of shared models' digit network: five convolutions with batch norm. */
export function digitLayers(): Layer[] {
  const block = (filters: number, first: object = {}): Layer[] => [
    layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...first }),
    layers.batchNormalization({ epsilon: 1e-3 }),
    layers.relu(),
  ];
  return [
    ...block(24, { inputShape: [28, 28, 1] }),
    ...block(32),
    layers.maxPooling2d({ poolSize: 2 }),
    ...block(48),
    ...block(64),
    layers.maxPooling2d({ poolSize: 2 }),
    ...block(96),
    layers.globalAveragePooling2d(),
    layers.dense({ units: 10 }),
    layers.softmax(),
  ];
}

/** LeNet-5 on 28 x 28: small and of several kinds of layers. */
export function lenetLayers(): Layer[] {
  return [
    layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 6,
      kernelSize: 5,
      padding: 'same',
      activation: 'tanh',
    }),
    layers.averagePooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 16, kernelSize: 5, activation: 'tanh' }),
    layers.averagePooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 120, activation: 'tanh' }),
    layers.dense({ units: 84, activation: 'tanh' }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ];
}

/** A small model with weights of its own: what is saved and damaged. */
export function smallNet(options: object = {}): Model {
  const net = sequential({
    layers: [
      layers.conv2d({
        inputShape: [5, 5, 2],
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
      }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dense({ units: 2, name: 'answer' }),
    ],
    ...options,
  });
  randomiseWeights(net);
  return net;
}

/** The shape of one sample of a model's first input. */
export function inputShapeOf(net: Model): readonly number[] {
  return net.inputs[0]?.shape ?? [];
}

/** [16, 16, 1] -> [64], some hundredths of a second long on any machine. */
export function slowNet(): Model {
  const conv = (first: object = {}): Layer =>
    layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu', ...first });
  const first = conv({ inputShape: [16, 16, 1] });
  return sequential({
    layers: [first, conv(), conv(), conv(), layers.globalAveragePooling2d()],
    backend: 'js',
  });
}
