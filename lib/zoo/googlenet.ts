import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { type ConvOptions, conv, dense, maxPool, norm, pooled, relu } from './blocks.js';
import { ready, type ZooOptions } from './ready.js';

/** Filters: 1x1; 1x1 before 3x3, 3x3; the same again; 1x1 after the pooling. */
type Filters = readonly [number, number, number, number, number, number];

/** Modules by name; a number is the window of a pooling. */
const modules: readonly (readonly [string, Filters] | number)[] = [
  ['inception3a', [64, 96, 128, 16, 32, 32]],
  ['inception3b', [128, 128, 192, 32, 96, 64]],
  3,
  ['inception4a', [192, 96, 208, 16, 48, 64]],
  ['inception4b', [160, 112, 224, 24, 64, 64]],
  ['inception4c', [128, 128, 256, 24, 64, 64]],
  ['inception4d', [112, 144, 288, 32, 64, 64]],
  ['inception4e', [256, 160, 320, 32, 128, 128]],
  2,
  ['inception5a', [256, 160, 320, 32, 128, 128]],
  ['inception5b', [384, 192, 384, 48, 128, 128]],
];

/**
 * GoogLeNet (Szegedy et al. 2014), as torchvision has it for inference: batch normalisation, no auxiliary classifiers, and
 * 3x3 where the paper has 5x5. 6 624 904 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image of at least 15 x 15.
 */
export function googlenet(options: ZooOptions = {}): Model {
  return ready('googlenet', options, {
    build({ x, classes }) {
      let y = pool(basic(x, 'conv1', 64, 7, { strides: 2 }), 3);
      y = pool(basic(basic(y, 'conv2', 64, 1), 'conv3', 192, 3), 3);
      for (const item of modules) {
        y = typeof item === 'number' ? pool(y, item) : inception(y, ...item);
      }
      return dense(pooled(y, 0.2), 'fc', classes);
    },
  });
}

function inception(x: SymbolicTensor, name: string, [a, b1, b, c1, c, d]: Filters): SymbolicTensor {
  const near = maxPool(x, 3, 1, { padding: 1 });
  return layers
    .concatenate()
    .apply([
      basic(x, `${name}.branch1`, a, 1),
      basic(basic(x, `${name}.branch2.0`, b1, 1), `${name}.branch2.1`, b, 3),
      basic(basic(x, `${name}.branch3.0`, c1, 1), `${name}.branch3.1`, c, 3),
      basic(near, `${name}.branch4.1`, d, 1),
    ]);
}

function basic(x: SymbolicTensor, name: string, filters: number, kernel: number, options: ConvOptions = {}) {
  return relu(norm(conv(x, `${name}.conv`, filters, kernel, options), `${name}.bn`, { epsilon: 1e-3 }));
}

function pool(x: SymbolicTensor, size: number): SymbolicTensor {
  return maxPool(x, size, 2, { ceilMode: true });
}
