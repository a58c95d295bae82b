import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { relu6 } from './blocks.js';
import { type AlphaOptions, readAlpha, ready } from './ready.js';

/** [filters, strides] of the thirteen blocks. */
const blocks = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
] as const;

const initial = { useBias: false, kernelInitializer: 'heNormal' } as const;

/**
 * MobileNet (Howard et al. 2017), with the layers, names and paddings of Keras. 4 231 976 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], probabilities as in Keras; any image of at least 31 x 31.
 * Errors: OptionError for an alpha below 1 / 32, which would leave layers without channels.
 */
export function mobilenetV1(options: AlphaOptions = {}): Model {
  const who = 'mobilenetV1';
  return ready(who, options, {
    own: ['alpha'],
    build({ x, classes, given }) {
      const alpha = readAlpha(who, given.alpha);
      const width = (filters: number) => Math.floor(filters * alpha);
      let y = normed(
        layers
          .conv2d({
            name: 'conv1',
            filters: width(32),
            kernelSize: 3,
            strides: 2,
            padding: 'same',
            ...initial,
          })
          .apply(x),
        'conv1_bn',
      );
      for (const [i, [filters, strides]] of blocks.entries()) y = block(y, i + 1, width(filters), strides);
      const means = layers.globalAveragePooling2d({ keepDims: true }).apply(y);
      const dropped = layers.dropout({ rate: 1e-3 }).apply(means);
      const scores = layers
        .conv2d({ name: 'conv_preds', filters: classes, kernelSize: 1, kernelInitializer: 'heNormal' })
        .apply(dropped);
      const flat = layers.reshape({ targetShape: [classes] }).apply(scores);
      return layers.softmax({ name: 'predictions' }).apply(flat);
    },
  });
}

/** A depthwise and a 1x1 convolution; with strides of 2 Keras pads the bottom and the right. */
function block(x: SymbolicTensor, number: number, filters: number, strides: 1 | 2): SymbolicTensor {
  const one = [0, 1] as const;
  const padding = strides === 1 ? 'same' : ([one, one] as const);
  const [dw, pw] = [`conv_dw_${number}`, `conv_pw_${number}`];
  const y = layers.depthwiseConv2d({ name: dw, kernelSize: 3, strides, padding, ...initial }).apply(x);
  const z = layers.conv2d({ name: pw, filters, kernelSize: 1, ...initial }).apply(normed(y, `${dw}_bn`));
  return normed(z, `${pw}_bn`);
}

/** Keras' batch normalisation, and ReLU6. */
function normed(x: SymbolicTensor, name: string): SymbolicTensor {
  return relu6(layers.batchNormalization({ name }).apply(x));
}
