import type { Model } from '../model/face.js';
import { cellsAfter, conv, maxPool, relu } from './blocks.js';
import { adapted, classified } from './classifier.js';
import { ready, type ZooOptions } from './ready.js';

/** [size, stride, padding] of what makes the maps smaller. */
const windows = [
  [11, 4, 2],
  [3, 2, 0],
  [3, 2, 0],
  [3, 2, 0],
] as const;

/**
 * AlexNet in one column (Krizhevsky 2014), as torchvision has it. 61 100 840 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image of at least 63 x 63, whose maps are brought to 6 x 6.
 */
export function alexnet(options: ZooOptions = {}): Model {
  return ready('alexnet', options, {
    build({ x, inputShape: [height, width], classes }) {
      const biased = { useBias: true };
      let y = relu(conv(x, 'features.0', 64, 11, { strides: 4, padding: 2, ...biased }));
      y = relu(conv(maxPool(y, 3, 2), 'features.3', 192, 5, biased));
      y = relu(conv(maxPool(y, 3, 2), 'features.6', 384, 3, biased));
      y = relu(conv(y, 'features.8', 256, 3, biased));
      y = maxPool(relu(conv(y, 'features.10', 256, 3, biased)), 3, 2);
      const maps = adapted(y, [cellsAfter(height, windows), cellsAfter(width, windows)], 6);
      return classified(maps, ['classifier.1', 'classifier.4', 'classifier.6'], classes, true);
    },
  });
}
