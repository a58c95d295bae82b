import { OptionError, show } from '../errors.js';
import { elements } from '../geometry.js';
import { axisRange, input, inputCount, output, slab } from './check.js';
import type { Op } from './op.js';
import { workspace } from './workspace.js';

const { rows: means, sums } = workspace;

export interface NormalizeAttributes {
  /** Neighbouring axes of the sample, the batch not counted. */
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/**
 * (x - mean) / sqrt(variance + epsilon) over `axes`: x is seen as [outer, size, inner], mean and population variance are
 * those over `size`. The variance is taken around the mean, so that a large mean costs no digits.
 */
export const normalize: Op<NormalizeAttributes> = {
  id: 'normalize',
  ints: ['outer', 'size', 'inner'],
  floats: ['epsilon'],

  infer({ axes, epsilon }, inputs) {
    inputCount(inputs, 1);
    const { shape, perSample } = input(inputs, 0, 'x');
    elements(shape);
    axisRange(axes, shape);
    if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY)) {
      throw new OptionError(`expected epsilon to be a number of 0 or more, got ${show(epsilon)}`);
    }
    return output(shape, perSample);
  },

  geometry({ axes, epsilon }, [x]) {
    const shape = x?.shape ?? [];
    return { ...slab(shape, axisRange(axes, shape)), epsilon };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { outer = 0, size = 0, inner = 0, epsilon = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    for (let o = 0; o < batch * outer; o++) {
      if (inner === 1) {
        normalizeRun(x, y, o * size, (o + 1) * size, epsilon);
        continue;
      }
      for (let j = 0; j < inner; j += sums.length) {
        const count = Math.min(sums.length, inner - j);
        normalizeColumns(x, y, o * size * inner + j, size, inner, count, epsilon);
      }
    }
  },
};

/** Numbers `from` to `to`. */
function normalizeRun(x: Float32Array, y: Float32Array, from: number, to: number, epsilon: number): void {
  let mean = 0;
  for (let i = from; i < to; i++) mean += x[i] as number;
  mean /= to - from;
  let variance = 0;
  for (let i = from; i < to; i++) variance += ((x[i] as number) - mean) * ((x[i] as number) - mean);
  const factor = 1 / Math.sqrt(variance / (to - from) + epsilon);
  for (let i = from; i < to; i++) y[i] = ((x[i] as number) - mean) * factor;
}

/** `count` columns of `size` rows, `inner` apart. */
function normalizeColumns(
  x: Float32Array,
  y: Float32Array,
  at: number,
  size: number,
  inner: number,
  count: number,
  epsilon: number,
): void {
  const end = at + size * inner;
  for (let i = 0; i < count; i++) means[i] = 0;
  for (let p = at; p < end; p += inner) {
    for (let i = 0; i < count; i++) means[i] = (means[i] as number) + (x[p + i] as number);
  }
  for (let i = 0; i < count; i++) {
    means[i] = (means[i] as number) / size;
    sums[i] = 0;
  }
  for (let p = at; p < end; p += inner) {
    for (let i = 0; i < count; i++) {
      const centred = (x[p + i] as number) - (means[i] as number);
      sums[i] = (sums[i] as number) + centred * centred;
    }
  }
  for (let i = 0; i < count; i++) sums[i] = 1 / Math.sqrt((sums[i] as number) / size + epsilon);
  for (let p = at; p < end; p += inner) {
    for (let i = 0; i < count; i++) {
      y[p + i] = ((x[p + i] as number) - (means[i] as number)) * (sums[i] as number);
    }
  }
}
