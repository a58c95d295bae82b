import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { conv, dense, depthwise, multipleOf8, norm, pooled, relu6 } from './blocks.js';
import { type AlphaOptions, readAlpha, ready } from './ready.js';

/** [expansion, filters, blocks, strides of the first] of each stage. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * MobileNetV2 (Sandler et al. 2018), as torchvision has it. 3 504 872 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image.
 * Errors: OptionError for an alpha below 1 / 32.
 */
export function mobilenetV2(options: AlphaOptions = {}): Model {
  const who = 'mobilenetV2';
  return ready(who, options, {
    own: ['alpha'],
    build({ x, classes, given }) {
      const alpha = readAlpha(who, given.alpha);
      let channels = multipleOf8(32 * alpha);
      let y = relu6(norm(conv(x, 'features.0.0', channels, 3, { strides: 2 }), 'features.0.1'));
      let index = 1;
      for (const [expansion, width, depth, first] of stages) {
        const filters = multipleOf8(width * alpha);
        for (let i = 0; i < depth; i++, index++) {
          const shape = { channels, filters, expansion, strides: i === 0 ? first : 1 };
          y = inverted(y, `features.${index}.conv`, shape);
          channels = filters;
        }
      }
      const last = multipleOf8(1280 * Math.max(1, alpha));
      y = relu6(norm(conv(y, `features.${index}.0`, last, 1), `features.${index}.1`));
      return dense(pooled(y, 0.2), 'classifier.1', classes);
    },
  });
}

interface Inverted {
  readonly channels: number;
  readonly filters: number;
  readonly expansion: number;
  readonly strides: number;
}

/** Wide inside, narrow at its ends, with a shortcut between those where they are alike. */
function inverted(x: SymbolicTensor, name: string, { channels, filters, expansion, strides }: Inverted) {
  const at = expansion === 1 ? 0 : 1;
  const wide =
    expansion === 1 ? x : relu6(norm(conv(x, `${name}.0.0`, channels * expansion, 1), `${name}.0.1`));
  const y = relu6(norm(depthwise(wide, `${name}.${at}.0`, 3, strides), `${name}.${at}.1`));
  const narrow = norm(conv(y, `${name}.${at + 1}`, filters, 1), `${name}.${at + 2}`);
  return strides === 1 && channels === filters ? layers.add().apply([x, narrow]) : narrow;
}
