import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { conv, dense, maxPool, norm, pooled, relu } from './blocks.js';
import { ready, type ZooOptions } from './ready.js';

/** Channels that each layer adds. */
const growth = 32;
const depths = [6, 12, 24, 16] as const;

/**
 * DenseNet-121 (Huang et al. 2016), as torchvision has it. 7 978 856 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image of at least 29 x 29.
 */
export function densenet121(options: ZooOptions = {}): Model {
  return ready('densenet121', options, {
    build({ x, classes }) {
      const first = relu(norm(conv(x, 'features.conv0', 64, 7, { strides: 2 }), 'features.norm0'));
      let y = maxPool(first, 3, 2, { padding: 1 });
      let channels = 64;
      for (const [stage, depth] of depths.entries()) {
        y = block(y, `features.denseblock${stage + 1}`, depth);
        channels += depth * growth;
        if (stage === depths.length - 1) break;
        channels /= 2;
        y = transition(y, `features.transition${stage + 1}`, channels);
      }
      return dense(pooled(relu(norm(y, 'features.norm5'))), 'classifier', classes);
    },
  });
}

/** Every layer sees what the block was given and what all layers before it made. */
function block(x: SymbolicTensor, name: string, depth: number): SymbolicTensor {
  let y = x;
  for (let i = 1; i <= depth; i++) {
    const at = `${name}.denselayer${i}`;
    const narrow = conv(relu(norm(y, `${at}.norm1`)), `${at}.conv1`, 4 * growth, 1);
    const more = conv(relu(norm(narrow, `${at}.norm2`)), `${at}.conv2`, growth, 3);
    y = layers.concatenate().apply([y, more]);
  }
  return y;
}

function transition(x: SymbolicTensor, name: string, channels: number): SymbolicTensor {
  return layers.averagePooling2d().apply(conv(relu(norm(x, `${name}.norm`)), `${name}.conv`, channels, 1));
}
