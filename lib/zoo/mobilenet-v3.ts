import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { conv, dense, depthwise, excited, multipleOf8, norm, pooled } from './blocks.js';
import { type AlphaOptions, readAlpha, ready } from './ready.js';

type Function = 'relu' | 'hardSwish';

/** One block: window, channels inside, filters, whether channels are weighed, function, strides. */
type Row = readonly [number, number, number, boolean, Function, number];

const large: readonly Row[] = [
  [3, 16, 16, false, 'relu', 1],
  [3, 64, 24, false, 'relu', 2],
  [3, 72, 24, false, 'relu', 1],
  [5, 72, 40, true, 'relu', 2],
  [5, 120, 40, true, 'relu', 1],
  [5, 120, 40, true, 'relu', 1],
  [3, 240, 80, false, 'hardSwish', 2],
  [3, 200, 80, false, 'hardSwish', 1],
  [3, 184, 80, false, 'hardSwish', 1],
  [3, 184, 80, false, 'hardSwish', 1],
  [3, 480, 112, true, 'hardSwish', 1],
  [3, 672, 112, true, 'hardSwish', 1],
  [5, 672, 160, true, 'hardSwish', 2],
  [5, 960, 160, true, 'hardSwish', 1],
  [5, 960, 160, true, 'hardSwish', 1],
];

const small: readonly Row[] = [
  [3, 16, 16, true, 'relu', 2],
  [3, 72, 24, false, 'relu', 2],
  [3, 88, 24, false, 'relu', 1],
  [5, 96, 40, true, 'hardSwish', 2],
  [5, 240, 40, true, 'hardSwish', 1],
  [5, 240, 40, true, 'hardSwish', 1],
  [5, 120, 48, true, 'hardSwish', 1],
  [5, 144, 48, true, 'hardSwish', 1],
  [5, 288, 96, true, 'hardSwish', 2],
  [5, 576, 96, true, 'hardSwish', 1],
  [5, 576, 96, true, 'hardSwish', 1],
];

/**
 * MobileNetV3-Large (Howard et al. 2019), as torchvision has it. 5 483 032 parameters.
 *
 * Shape: [224, 224, 3] -> [classes], logits; any image.
 * Errors: OptionError for an alpha below 1 / 32.
 */
export function mobilenetV3Large(options: AlphaOptions = {}): Model {
  return mobilenetV3('mobilenetV3Large', large, 1280, options);
}

/** MobileNetV3-Small. 2 542 856 parameters. See `mobilenetV3Large`. */
export function mobilenetV3Small(options: AlphaOptions = {}): Model {
  return mobilenetV3('mobilenetV3Small', small, 1024, options);
}

function mobilenetV3(who: string, rows: readonly Row[], hidden: number, options: AlphaOptions): Model {
  return ready(who, options, {
    own: ['alpha'],
    build({ x, classes, given }) {
      const alpha = readAlpha(who, given.alpha);
      let channels = multipleOf8(16 * alpha);
      const first = conv(x, 'features.0.0', channels, 3, { strides: 2 });
      let y = active(normed(first, 'features.0.1'), 'hardSwish');
      for (const [i, [kernel, inside, out, ...rest]] of rows.entries()) {
        const filters = multipleOf8(out * alpha);
        const row = [kernel, multipleOf8(inside * alpha), filters, ...rest] as const;
        y = block(y, `features.${i + 1}.block`, channels, row);
        channels = filters;
      }
      const name = `features.${rows.length + 1}`;
      y = active(normed(conv(y, `${name}.0`, 6 * channels, 1), `${name}.1`), 'hardSwish');
      y = active(dense(pooled(y), 'classifier.0', multipleOf8(hidden * alpha)), 'hardSwish');
      return dense(layers.dropout({ rate: 0.2 }).apply(y), 'classifier.3', classes);
    },
  });
}

function block(x: SymbolicTensor, name: string, channels: number, row: Row): SymbolicTensor {
  const [kernel, inside, filters, weighed, activation, strides] = row;
  let part = 0;
  let y = x;
  if (inside !== channels) {
    y = active(normed(conv(y, `${name}.0.0`, inside, 1), `${name}.0.1`), activation);
    part = 1;
  }
  y = active(normed(depthwise(y, `${name}.${part}.0`, kernel, strides), `${name}.${part}.1`), activation);
  if (weighed) {
    part += 1;
    const between = multipleOf8(Math.floor(inside / 4));
    y = excited(y, `${name}.${part}`, [inside, between], ['relu', 'hardSigmoid']);
  }
  part += 1;
  y = normed(conv(y, `${name}.${part}.0`, filters, 1), `${name}.${part}.1`);
  return strides === 1 && channels === filters ? layers.add().apply([x, y]) : y;
}

function normed(x: SymbolicTensor, name: string): SymbolicTensor {
  return norm(x, name, { epsilon: 1e-3, momentum: 0.99 });
}

function active(x: SymbolicTensor, activation: Function): SymbolicTensor {
  return layers.activation({ activation }).apply(x);
}
