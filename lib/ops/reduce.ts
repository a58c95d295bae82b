import { OptionError, ShapeError, show } from '../errors.js';
import { elements } from '../geometry.js';
import { axisRange, input, inputCount, listed, output, product, slab } from './check.js';
import type { Op } from './op.js';
import { workspace } from './workspace.js';

const { rows: extremes, sums } = workspace;

/** The order is the native enum's. */
export const reductions = [
  'sum',
  'mean',
  'max',
  'min',
  'product',
  'argmax',
  'argmin',
  'argmaxlast',
  'argminlast',
] as const;
export type Reduction = (typeof reductions)[number];

export interface ReduceAttributes {
  readonly kind: Reduction;
  /** Neighbouring axes of the sample, the batch not counted. */
  readonly axes: readonly number[];
  /** The axes stay, with length 1. */
  readonly keepDims?: boolean;
}

/** Whole numbers up to here are exact in float32. */
const mostPlaces = 2 ** 24;

/**
 * x seen as [outer, size, inner] -> [outer, inner]: the sum, mean, product, maximum or minimum (NaN if there is one) over
 * `size`, or the place along it where the maximum or minimum stands: the first such place, with `last` in the name the
 * last one. NaN counts as the largest for `argmax` and as the smallest for `argmin`, as in NumPy. The product is taken
 * in any order: where a part of it overflows, so may the whole.
 */
export const reduce: Op<ReduceAttributes> = {
  id: 'reduce',
  ints: ['kind', 'outer', 'size', 'inner'],
  floats: [],

  infer({ kind, axes, keepDims = false }, inputs) {
    inputCount(inputs, 1);
    const { shape, perSample } = input(inputs, 0, 'x');
    elements(shape);
    if (!reductions.includes(kind)) {
      throw new OptionError(`expected kind to be one of ${reductions.join(', ')}, got ${show(kind)}`);
    }
    const [first, end] = axisRange(axes, shape);
    const kept = keepDims ? shape.slice(first, end).map(() => 1) : [];
    if (kind.startsWith('arg') && product(shape, first, end) > mostPlaces) {
      throw new ShapeError(
        `expected at most 2^24 places to choose from, which float32 counts exactly, got ${listed(shape.slice(first, end))}`,
      );
    }
    return output([...shape.slice(0, first), ...kept, ...shape.slice(end)], perSample);
  },

  geometry({ kind, axes }, [x]) {
    const shape = x?.shape ?? [];
    return { kind: reductions.indexOf(kind), ...slab(shape, axisRange(axes, shape)) };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { kind = 0, outer = 0, size = 0, inner = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    const fold = folds[reductions[kind] as Reduction];
    for (let o = 0; o < batch * outer; o++) {
      for (let i0 = 0; i0 < inner; i0 += sums.length) {
        const count = Math.min(sums.length, inner - i0);
        fold(x, o * size * inner + i0, size, inner, count);
        for (let i = 0; i < count; i++) y[o * inner + i0 + i] = sums[i] as number;
      }
    }
  },
};

/** Leaves in `sums` what `count` columns of `size` rows, `inner` apart, come to. */
type Fold = (x: Float32Array, at: number, size: number, inner: number, count: number) => void;

const folds: Readonly<Record<Reduction, Fold>> = {
  sum: total,
  mean(x, at, size, inner, count) {
    total(x, at, size, inner, count);
    for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) / size;
  },
  max: largest,
  min: smallest,
  product: multiplied,
  argmax: (x, at, size, inner, count) => place(x, at, size, inner, count, 1, false),
  argmin: (x, at, size, inner, count) => place(x, at, size, inner, count, -1, false),
  argmaxlast: (x, at, size, inner, count) => place(x, at, size, inner, count, 1, true),
  argminlast: (x, at, size, inner, count) => place(x, at, size, inner, count, -1, true),
};

function total(x: Float32Array, at: number, size: number, inner: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = 0;
  for (let s = 0, p = at; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (x[p + i] as number);
  }
}

function multiplied(x: Float32Array, at: number, size: number, inner: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = 1;
  for (let s = 0, p = at; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) * (x[p + i] as number);
  }
}

function largest(x: Float32Array, at: number, size: number, inner: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = Number.NEGATIVE_INFINITY;
  for (let s = 0, p = at; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) sums[i] = Math.max(sums[i] as number, x[p + i] as number);
  }
}

function smallest(x: Float32Array, at: number, size: number, inner: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = Number.POSITIVE_INFINITY;
  for (let s = 0, p = at; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) sums[i] = Math.min(sums[i] as number, x[p + i] as number);
  }
}

/** Where the largest of `sign` times the numbers stands; `last` takes the later one of equals. */
function place(
  x: Float32Array,
  at: number,
  size: number,
  inner: number,
  count: number,
  sign: number,
  last: boolean,
): void {
  for (let i = 0; i < count; i++) {
    sums[i] = 0;
    extremes[i] = sign * (x[at + i] as number);
  }
  for (let s = 1, p = at + inner; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) {
      const value = sign * (x[p + i] as number);
      const most = extremes[i] as number;
      const better = value > most || (last && value === most);
      const foundNan = Number.isNaN(value) && (last || !Number.isNaN(most));
      if (!better && !foundNan) continue;
      extremes[i] = value;
      sums[i] = s;
    }
  }
}
