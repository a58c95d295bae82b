import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';
import { dense, relu } from './blocks.js';

/**
 * Maps of [height, width] brought to [cells, cells] as torch's adaptive average pooling does it: cell i is the mean of
 * what lies from floor(i size / cells) to ceil((i + 1) size / cells), one axis after the other.
 */
export function adapted(
  x: SymbolicTensor,
  [height, width]: readonly [height: number, width: number],
  cells: number,
): SymbolicTensor {
  const pair = (axis: 0 | 1, length: number) =>
    axis === 0 ? ([length, 1] as const) : ([1, length] as const);
  const along = (y: SymbolicTensor, axis: 0 | 1, size: number): SymbolicTensor => {
    if (size === cells) return y;
    if (size % cells === 0) {
      return layers.averagePooling2d({ poolSize: pair(axis, size / cells) }).apply(y);
    }
    if (cells % size === 0) return layers.upSampling2d({ size: pair(axis, cells / size) }).apply(y);
    const means = Array.from({ length: cells }, (_, i) => {
      const from = Math.floor((i * size) / cells);
      const length = Math.ceil(((i + 1) * size) / cells) - from;
      const begin = [0, 0, 0];
      const lengths = [-1, -1, -1];
      begin[axis] = from;
      lengths[axis] = length;
      const part = layers.slice({ begin, size: lengths }).apply(y);
      return layers.averagePooling2d({ poolSize: pair(axis, length) }).apply(part);
    });
    return layers.concatenate({ axis: axis + 1 }).apply(means);
  };
  return along(along(x, 0, height), 1, width);
}

/** Dropout, a layer of 4096 and ReLU, twice, then the answer; `names` are those of the three dense layers. */
export function classified(
  x: SymbolicTensor,
  names: readonly [string, string, string],
  classes: number,
  dropoutFirst: boolean,
): SymbolicTensor {
  const [first, second, last] = names;
  const drop = (y: SymbolicTensor) => layers.dropout({ rate: 0.5 }).apply(y);
  const flat = layers.flatten().apply(x);
  const hidden = relu(dense(dropoutFirst ? drop(flat) : flat, first, 4096));
  const again = relu(dense(drop(hidden), second, 4096));
  return dense(dropoutFirst ? again : drop(again), last, classes);
}
