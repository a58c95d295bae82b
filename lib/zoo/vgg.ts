import type { Model } from '../model/face.js';
import { boolean } from '../options.js';
import { cellsAfter, conv, maxPool, norm, relu } from './blocks.js';
import { adapted, classified } from './classifier.js';
import { ready, type ZooOptions } from './ready.js';

export interface VggOptions extends ZooOptions {
  /** Whether a batch normalisation follows each convolution: false. */
  readonly batchNorm?: boolean | undefined;
}

const halves = Array.from({ length: 5 }, () => [2, 2, 0] as const);

/** VGG's configuration A (Simonyan and Zisserman 2014), as torchvision has it. 132 863 336 parameters. See `vgg16`. */
export function vgg11(options: VggOptions = {}): Model {
  return vgg('vgg11', [1, 1, 2, 2, 2], options);
}

/** VGG's configuration B. 133 047 848 parameters. See `vgg16`. */
export function vgg13(options: VggOptions = {}): Model {
  return vgg('vgg13', [2, 2, 2, 2, 2], options);
}

/**
 * VGG's configuration D (Simonyan and Zisserman 2014), as torchvision has it. 138 357 544 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image of at least 32 x 32, whose maps are brought to 7 x 7.
 */
export function vgg16(options: VggOptions = {}): Model {
  return vgg('vgg16', [2, 2, 3, 3, 3], options);
}

/** VGG's configuration E. 143 667 240 parameters. See `vgg16`. */
export function vgg19(options: VggOptions = {}): Model {
  return vgg('vgg19', [2, 2, 4, 4, 4], options);
}

/** `depths`: convolutions before each of the five poolings. */
function vgg(who: string, depths: readonly number[], options: VggOptions): Model {
  return ready(who, options, {
    own: ['batchNorm'],
    build({ x, inputShape: [height, width], classes, given }) {
      const batchNorm = boolean(who, 'batchNorm', given.batchNorm, false);
      let y = x;
      let index = 0;
      for (const [stage, depth] of depths.entries()) {
        const filters = Math.min(64 * 2 ** stage, 512);
        for (let i = 0; i < depth; i++) {
          y = conv(y, `features.${index}`, filters, 3, { useBias: true });
          if (batchNorm) y = norm(y, `features.${index + 1}`);
          y = relu(y);
          index += batchNorm ? 3 : 2;
        }
        y = maxPool(y, 2, 2);
        index += 1;
      }
      const maps = adapted(y, [cellsAfter(height, halves), cellsAfter(width, halves)], 7);
      return classified(maps, ['classifier.0', 'classifier.3', 'classifier.6'], classes, false);
    },
  });
}
