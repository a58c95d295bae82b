import { OptionError, ShapeError, show } from '../errors.js';
import { elements } from '../geometry.js';
import { axisOf, input, inputCount, listed, output, slab, weights } from './check.js';
import type { Op } from './op.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;
/** Rows up to here are summed number by number. */
const shortRow = 8;

/** Whole numbers up to here are exact in float32. */
const mostCells = 2 ** 24;

export interface ResampleAttributes {
  /** Axis of the sample, the batch not counted. */
  readonly axis: number;
  /** What a negative index reads. */
  readonly fill: number;
}

/**
 * Along one axis, y[i] = sum over t of weight[i, t] x[index[i, t]]: gathering by constant indices, resizing of every
 * kind, padding by reflection. x is seen as [outer, size, inner], index and weight are [count, taps] and constant, y is
 * [outer, count, inner]. Indices are whole numbers; a negative one reads `fill`, one behind the end the last cell. One
 * tap with the weight 1 copies.
 */
export const resample: Op<ResampleAttributes> = {
  id: 'resample',
  ints: ['outer', 'size', 'inner', 'count', 'taps'],
  floats: ['fill'],

  infer({ axis, fill }, inputs) {
    inputCount(inputs, 3);
    const { shape, perSample } = input(inputs, 0, 'x');
    elements(shape);
    const length = shape[axisOf('axis', axis, shape.length)] as number;
    if (length > mostCells) {
      throw new ShapeError(
        `expected at most 2^24 cells to choose from, which float32 counts exactly, got ${length}`,
      );
    }
    const index = weights(inputs, 1, 'index', '[count, taps]', 2);
    const weight = weights(inputs, 2, 'weight', '[count, taps]', 2);
    if (index.some((side, i) => weight[i] !== side)) {
      throw new ShapeError(`expected weight of the shape of index, ${listed(index)}, got ${listed(weight)}`);
    }
    if (typeof fill !== 'number') throw new OptionError(`expected fill to be a number, got ${show(fill)}`);
    return output(shape.with(axis, index[0] as number), perSample);
  },

  geometry({ axis, fill }, [x, index]) {
    const [count = 0, taps = 0] = index?.shape ?? [];
    return { ...slab(x?.shape ?? [], [axis, axis + 1]), count, taps, fill };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { outer = 0, size = 0, inner = 0, count = 0, taps = 0, fill = 0 } = geometry;
    const [x, index, weight] = inputs as [Float32Array, Float32Array, Float32Array];
    const y = outputs[0] as Float32Array;
    for (let row = 0; row < batch * outer * count; row++) {
      const o = Math.floor(row / count);
      const from = (row - o * count) * taps;
      const x0 = o * size * inner;
      if (inner <= shortRow) {
        for (let j = 0; j < inner; j++) {
          y[row * inner + j] = sumOne(x, x0 + j, size, inner, index, weight, from, from + taps, fill);
        }
        continue;
      }
      for (let j = 0; j < inner; j += sums.length) {
        const width = Math.min(sums.length, inner - j);
        for (let t = from; t < from + taps; t++) {
          const cell = cellOf(index[t] as number, size);
          const p = cell < 0 ? -1 : x0 + cell * inner + j;
          add(x, p, fill, weight[t] as number, width, t === from);
        }
        const at = row * inner + j;
        for (let i = 0; i < width; i++) y[at + i] = sums[i] as number;
      }
    }
  },
};

function sumOne(
  x: Float32Array,
  at: number,
  size: number,
  inner: number,
  index: Float32Array,
  weight: Float32Array,
  from: number,
  to: number,
  fill: number,
): number {
  let sum = 0;
  for (let t = from; t < to; t++) {
    const cell = cellOf(index[t] as number, size);
    const term = (weight[t] as number) * (cell < 0 ? fill : (x[at + cell * inner] as number));
    sum = t === from ? term : sum + term;
  }
  return sum;
}

/** -1 for what is filled, which is also what is no number: nothing beside x is read. */
function cellOf(index: number, size: number): number {
  if (!(index >= 0)) return -1;
  return index < size ? Math.floor(index) : size - 1;
}

/** The first summand is not added to 0, so that -0 stays. */
function add(x: Float32Array, p: number, fill: number, weight: number, width: number, first: boolean): void {
  if (p < 0) {
    const term = weight * fill;
    for (let i = 0; i < width; i++) sums[i] = first ? term : (sums[i] as number) + term;
  } else if (first) {
    for (let i = 0; i < width; i++) sums[i] = weight * (x[p + i] as number);
  } else {
    for (let i = 0; i < width; i++) sums[i] = (sums[i] as number) + weight * (x[p + i] as number);
  }
}
