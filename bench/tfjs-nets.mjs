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

/** ResNet-18 as the zoo has it; the layers with weights have the names of ours, and `weights` their order. */
export function resnet18(weights, names) {
  const { layers } = tf;
  const input = tf.input({ shape: [224, 224, 3] });
  const padded = (x, padding) => (padding ? layers.zeroPadding2d({ padding }).apply(x) : x);
  const relu = (x) => layers.reLU({}).apply(x);
  const norm = (x, name) => layers.batchNormalization({ name, epsilon: 1e-5 }).apply(x);
  const conv = (x, name, filters, kernelSize, strides = 1) =>
    layers
      .conv2d({ name, filters, kernelSize, strides, useBias: false })
      .apply(padded(x, (kernelSize - 1) / 2));

  // After relu, zeros are as good as nothing beside a maximum.
  const first = padded(relu(norm(conv(input, 'conv1', 64, 7, 2), 'bn1')), 1);
  let y = layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(first);
  for (const stage of [0, 1, 2, 3]) {
    for (const block of [0, 1]) {
      const name = `layer${stage + 1}.${block}`;
      const filters = 64 * 2 ** stage;
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const inner = relu(norm(conv(y, `${name}.conv1`, filters, 3, strides), `${name}.bn1`));
      const body = norm(conv(inner, `${name}.conv2`, filters, 3), `${name}.bn2`);
      const shortcut =
        strides === 1 ? y : norm(conv(y, `${name}.downsample.0`, filters, 1, 2), `${name}.downsample.1`);
      y = relu(layers.add().apply([body, shortcut]));
    }
  }
  const means = layers.globalAveragePooling2d({}).apply(y);
  const outputs = layers.dense({ name: 'fc', units: 1000 }).apply(means);
  const net = tf.model({ inputs: input, outputs });
  for (const layer of net.layers) {
    const own = weights.filter((_, i) => names[i].startsWith(`${layer.name}/`));
    layer.setWeights(own.map(({ data, shape }) => tf.tensor(data, [...shape])));
  }
  return net;
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
