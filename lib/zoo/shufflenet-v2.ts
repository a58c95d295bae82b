import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { expected } from '../options.js';
import { cellsAfter, conv, dense, depthwise, maxPool, norm, pooled, relu } from './blocks.js';
import { ready, type ZooOptions } from './ready.js';

export interface ShuffleNetOptions extends ZooOptions {
  /** Which of the published widths: 0.5, 1, 1.5 or 2; 1. */
  readonly alpha?: number | undefined;
}

/** Channels of the three stages and of the last convolution. */
const widths: ReadonlyMap<unknown, readonly [number, number, number, number]> = new Map([
  [0.5, [48, 96, 192, 1024]],
  [1, [116, 232, 464, 1024]],
  [1.5, [176, 352, 704, 1024]],
  [2, [244, 488, 976, 2048]],
]);

const depths = [4, 8, 4] as const;
/** [size, stride, padding] of whatever halves the maps. */
const half = [3, 2, 1] as const;

/**
 * ShuffleNetV2 (Ma et al. 2018), as torchvision has it. 2 278 604 parameters with alpha 1.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image.
 * Errors: OptionError for another alpha.
 */
export function shufflenetV2(options: ShuffleNetOptions = {}): Model {
  const who = 'shufflenetV2';
  return ready(who, options, {
    own: ['alpha'],
    build({ x, inputShape: [height, width], classes, given }) {
      const found = widths.get(given.alpha ?? 1);
      if (!found) throw expected(who, 'alpha', 'one of 0.5, 1, 1.5, 2', given.alpha);
      let y = maxPool(relu(norm(conv(x, 'conv1.0', 24, 3, { strides: 2 }), 'conv1.1')), 3, 2, { padding: 1 });
      for (const [i, depth] of depths.entries()) {
        const channels = found[i as 0 | 1 | 2];
        const halvings = Array.from({ length: i + 3 }, () => half);
        const map = [cellsAfter(height, halvings), cellsAfter(width, halvings)] as const;
        for (let j = 0; j < depth; j++) {
          y = shuffled(unit(y, `stage${i + 2}.${j}`, channels / 2, j === 0), map, channels / 2);
        }
      }
      const last = relu(norm(conv(y, 'conv5.0', found[3], 1), 'conv5.1'));
      return dense(pooled(last), 'fc', classes);
    },
  });
}

/** One half of the channels passes by and the other is worked on; the first unit of a stage halves the map and works on all. */
function unit(x: SymbolicTensor, name: string, channels: number, halves: boolean): SymbolicTensor {
  if (!halves) {
    return layers
      .concatenate()
      .apply([part(x, 0, channels), worked(part(x, channels, channels), name, channels, 1)]);
  }
  const small = norm(depthwise(x, `${name}.branch1.0`, 3, 2), `${name}.branch1.1`);
  const aside = relu(norm(conv(small, `${name}.branch1.2`, channels, 1), `${name}.branch1.3`));
  return layers.concatenate().apply([aside, worked(x, name, channels, 2)]);
}

function worked(x: SymbolicTensor, name: string, channels: number, strides: number): SymbolicTensor {
  const at = (part: number) => `${name}.branch2.${part}`;
  const first = relu(norm(conv(x, at(0), channels, 1), at(1)));
  const middle = norm(depthwise(first, at(3), 3, strides), at(4));
  return relu(norm(conv(middle, at(5), channels, 1), at(6)));
}

function part(x: SymbolicTensor, from: number, channels: number): SymbolicTensor {
  return layers.slice({ begin: [0, 0, from], size: [-1, -1, channels] }).apply(x);
}

/** Channels of both halves in turns: first of the one, first of the other, second of the one, and so on. */
function shuffled(x: SymbolicTensor, map: readonly [number, number], half: number): SymbolicTensor {
  const apart = layers.reshape({ targetShape: [...map, 2, half] }).apply(x);
  const turned = layers.permute({ dims: [1, 2, 4, 3] }).apply(apart);
  return layers.reshape({ targetShape: [...map, 2 * half] }).apply(turned);
}
