import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { conv, dense, depthwise, excited, norm, pooled } from './blocks.js';
import { ready, type ZooOptions } from './ready.js';

/** [expansion, window, strides of the first block, filters, blocks] of each stage. */
const stages = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;

/**
 * EfficientNet-B0 (Tan and Le 2019), as torchvision has it for inference: stochastic depth left out. 5 288 548 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image.
 */
export function efficientnetB0(options: ZooOptions = {}): Model {
  return ready('efficientnetB0', options, {
    build({ x, classes }) {
      let channels = 32;
      let y = swish(norm(conv(x, 'features.0.0', channels, 3, { strides: 2 }), 'features.0.1'));
      for (const [stage, [expansion, kernel, first, filters, depth]] of stages.entries()) {
        for (let i = 0; i < depth; i++) {
          const shape = { channels, filters, expansion, kernel, strides: i === 0 ? first : 1 };
          y = block(y, `features.${stage + 1}.${i}.block`, shape);
          channels = filters;
        }
      }
      y = swish(norm(conv(y, 'features.8.0', 1280, 1), 'features.8.1'));
      return dense(pooled(y, 0.2), 'classifier.1', classes);
    },
  });
}

interface Shape {
  readonly channels: number;
  readonly filters: number;
  readonly expansion: number;
  readonly kernel: number;
  readonly strides: number;
}

/** MobileNetV2's block with weighed channels; they are squeezed to a quarter of what the block was given. */
function block(x: SymbolicTensor, name: string, { channels, filters, expansion, kernel, strides }: Shape) {
  const inside = channels * expansion;
  const at = expansion === 1 ? 0 : 1;
  let y = expansion === 1 ? x : swish(norm(conv(x, `${name}.0.0`, inside, 1), `${name}.0.1`));
  y = swish(norm(depthwise(y, `${name}.${at}.0`, kernel, strides), `${name}.${at}.1`));
  y = excited(y, `${name}.${at + 1}`, [inside, Math.floor(channels / 4)], ['swish', 'sigmoid']);
  y = norm(conv(y, `${name}.${at + 2}.0`, filters, 1), `${name}.${at + 2}.1`);
  return strides === 1 && channels === filters ? layers.add().apply([x, y]) : y;
}

function swish(x: SymbolicTensor): SymbolicTensor {
  return layers.swish().apply(x);
}
