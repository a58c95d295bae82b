import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { conv, maxPool, relu } from './blocks.js';
import { ready, type ZooOptions } from './ready.js';

/** Channels of each fire module, [squeezed, expanded by either], and where a pooling stands. */
const modules = [[16, 64], [16, 64], 'pool', [32, 128], [32, 128], 'pool'] as const;
const deeper = [
  [48, 192],
  [48, 192],
  [64, 256],
  [64, 256],
] as const;

const biased = { useBias: true };
const pool = (x: SymbolicTensor) => maxPool(x, 3, 2, { ceilMode: true });

/**
 * SqueezeNet 1.1 (Iandola et al. 2016), as torchvision has it. 1 235 496 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits (not negative: a ReLU comes before the mean); any image of at least 17 x 17.
 */
export function squeezenet(options: ZooOptions = {}): Model {
  return ready('squeezenet', options, {
    build({ x, classes }) {
      let y = pool(relu(conv(x, 'features.0', 64, 3, { strides: 2, padding: 0, ...biased })));
      for (const [i, item] of [...modules, ...deeper].entries()) {
        y = item === 'pool' ? pool(y) : fire(y, `features.${i + 3}`, item);
      }
      const dropped = layers.dropout({ rate: 0.5 }).apply(y);
      const scores = relu(conv(dropped, 'classifier.1', classes, 1, biased));
      return layers.globalAveragePooling2d({ name: 'classifier' }).apply(scores);
    },
  });
}

function fire(x: SymbolicTensor, name: string, [squeezed, expanded]: readonly [number, number]) {
  const few = relu(conv(x, `${name}.squeeze`, squeezed, 1, biased));
  return layers
    .concatenate()
    .apply([
      relu(conv(few, `${name}.expand1x1`, expanded, 1, biased)),
      relu(conv(few, `${name}.expand3x3`, expanded, 3, biased)),
    ]);
}
