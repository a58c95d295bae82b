import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { conv, dense, maxPool, norm, pooled, relu } from './blocks.js';
import { ready, type ZooOptions } from './ready.js';

/** ResNet-18 with basic blocks. 11 689 512 parameters. See `resnet50`. */
export function resnet18(options: ZooOptions = {}): Model {
  return resnet('resnet18', basic, [2, 2, 2, 2], options);
}

/** ResNet-34 with basic blocks. 21 797 672 parameters. See `resnet50`. */
export function resnet34(options: ZooOptions = {}): Model {
  return resnet('resnet34', basic, [3, 4, 6, 3], options);
}

/**
 * ResNet-50 (He et al. 2015), as torchvision has it: the 3x3 convolution of a block takes the stride. 25 557 032 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image.
 */
export function resnet50(options: ZooOptions = {}): Model {
  return resnet('resnet50', bottleneck, [3, 4, 6, 3], options);
}

/** ResNet-101. 44 549 160 parameters. See `resnet50`. */
export function resnet101(options: ZooOptions = {}): Model {
  return resnet('resnet101', bottleneck, [3, 4, 23, 3], options);
}

/** What a block computes beside the shortcut, and by how much its output is wider than `width`. */
interface Block {
  readonly expansion: number;
  body(x: SymbolicTensor, name: string, width: number, strides: number): SymbolicTensor;
}

const basic: Block = {
  expansion: 1,
  body(x, name, width, strides) {
    const y = relu(norm(conv(x, `${name}.conv1`, width, 3, { strides }), `${name}.bn1`));
    return norm(conv(y, `${name}.conv2`, width, 3), `${name}.bn2`);
  },
};

const bottleneck: Block = {
  expansion: 4,
  body(x, name, width, strides) {
    const narrow = relu(norm(conv(x, `${name}.conv1`, width, 1), `${name}.bn1`));
    const y = relu(norm(conv(narrow, `${name}.conv2`, width, 3, { strides }), `${name}.bn2`));
    return norm(conv(y, `${name}.conv3`, 4 * width, 1), `${name}.bn3`);
  },
};

function resnet(who: string, block: Block, depths: readonly number[], options: ZooOptions): Model {
  return ready(who, options, {
    build({ x, classes }) {
      const first = relu(norm(conv(x, 'conv1', 64, 7, { strides: 2 }), 'bn1'));
      let y = maxPool(first, 3, 2, { padding: 1 });
      let channels = 64;
      for (const [stage, depth] of depths.entries()) {
        const width = 64 * 2 ** stage;
        for (let i = 0; i < depth; i++) {
          const name = `layer${stage + 1}.${i}`;
          const strides = stage > 0 && i === 0 ? 2 : 1;
          const body = block.body(y, name, width, strides);
          const out = width * block.expansion;
          const shortcut =
            strides === 1 && channels === out
              ? y
              : norm(conv(y, `${name}.downsample.0`, out, 1, { strides }), `${name}.downsample.1`);
          y = relu(layers.add().apply([body, shortcut]));
          channels = out;
        }
      }
      return dense(pooled(y), 'fc', classes);
    },
  });
}
