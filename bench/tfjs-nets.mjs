// The same networks in tfjs' layers, on its pure JavaScript backend.
import * as tf from '@tensorflow/tfjs';
import { mobilenetBlocks } from './models.mjs';

tf.enableProdMode(); // no checks on the way, no advertisement of its native addon
await tf.setBackend('cpu');

/** Gives our weights to a tfjs network, layer by layer: within one both keep them in Keras' order and layouts. */
function withWeights(net, weights) {
  const rest = weights.map(({ data, shape }) => tf.tensor(data, [...shape]));
  for (const layer of net.layers) layer.setWeights(rest.splice(0, layer.weights.length));
  return net;
}

export function lenet(weights) {
  const { layers } = tf;
  return withWeights(
    tf.sequential({
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
    }),
    weights,
  );
}

export function mobilenetV1(weights) {
  const { layers } = tf;
  const after = () => [layers.batchNormalization({ epsilon: 1e-3 }), layers.reLU({ maxValue: 6 })];
  const conv = (filters, kernelSize, strides, more) => [
    layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, ...more }),
    ...after(),
  ];
  const depthwise = (strides) => [
    layers.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }),
    ...after(),
  ];
  return withWeights(
    tf.sequential({
      layers: [
        ...conv(32, 3, 2, { inputShape: [224, 224, 3] }),
        ...mobilenetBlocks.flatMap(([filters, strides]) => [...depthwise(strides), ...conv(filters, 1, 1)]),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 1000, activation: 'softmax' }),
      ],
    }),
    weights,
  );
}

/** A call that predicts and fetches the answer, as a user does, and leaves nothing behind. */
export function predictor(net, { data, shape }) {
  const x = tf.tensor(data, [...shape]);
  return () => tf.tidy(() => net.predict(x).dataSync());
}

/** The same for one convolution, 'same' padding and stride 1. */
export function convolution(input, kernel) {
  const x = tf.tensor(input.data, [...input.shape]);
  const k = tf.tensor(kernel.data, [...kernel.shape]);
  return () => tf.tidy(() => tf.conv2d(x, k, 1, 'same').dataSync());
}
