import { OptionError, ShapeError, show } from '../errors.js';
import { elements } from '../geometry.js';
import { axisOf, input, inputCount, listed, output, product } from './check.js';
import type { Op } from './op.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

/** The order is the native enum's. */
export const reductions = ['sum', 'mean', 'max'] as const;
export type Reduction = (typeof reductions)[number];

export interface ReduceAttributes {
  readonly kind: Reduction;
  /** Neighbouring axes of the sample, the batch not counted. */
  readonly axes: readonly number[];
  /** The axes stay, with length 1. */
  readonly keepDims?: boolean;
}

/** x seen as [outer, size, inner] -> [outer, inner]: sum, mean or maximum (NaN if there is one) over `size`. */
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
    const [first, end] = range(axes, shape);
    const kept = keepDims ? shape.slice(first, end).map(() => 1) : [];
    return output([...shape.slice(0, first), ...kept, ...shape.slice(end)], perSample);
  },

  geometry({ kind, axes }, [x]) {
    const shape = x?.shape ?? [];
    const [first, end] = range(axes, shape);
    return {
      kind: reductions.indexOf(kind),
      outer: product(shape, 0, first),
      size: product(shape, first, end),
      inner: product(shape, end),
    };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { kind = 0, outer = 0, size = 0, inner = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    const most = reductions[kind] === 'max';
    const divisor = reductions[kind] === 'mean' ? size : 1;
    for (let o = 0; o < batch * outer; o++) {
      for (let i0 = 0; i0 < inner; i0 += sums.length) {
        const count = Math.min(sums.length, inner - i0);
        const at = o * size * inner + i0;
        if (most) largest(x, at, size, inner, count);
        else total(x, at, size, inner, count);
        for (let i = 0; i < count; i++) y[o * inner + i0 + i] = (sums[i] as number) / divisor;
      }
    }
  },
};

function total(x: Float32Array, at: number, size: number, inner: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = 0;
  for (let s = 0, p = at; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (x[p + i] as number);
  }
}

function largest(x: Float32Array, at: number, size: number, inner: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i] = Number.NEGATIVE_INFINITY;
  for (let s = 0, p = at; s < size; s++, p += inner) {
    for (let i = 0; i < count; i++) sums[i] = Math.max(sums[i] as number, x[p + i] as number);
  }
}

/** First axis and the one behind the last. */
function range(axes: readonly number[], shape: readonly number[]): readonly [number, number] {
  const sorted = axes.map((axis) => axisOf('axes', axis, shape.length)).toSorted((a, b) => a - b);
  const [first] = sorted;
  if (first === undefined) throw new OptionError('expected axes to name one axis or more, got none');
  if (sorted.some((axis, i) => axis !== first + i)) {
    throw new ShapeError(`expected axes that lie side by side, got ${listed(axes)}`);
  }
  return [first, first + sorted.length];
}
