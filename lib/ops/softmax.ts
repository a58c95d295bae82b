import { axisOf, input, inputCount, output, slab } from './check.js';
import type { Op } from './op.js';

export interface SoftmaxAttributes {
  /** Axis of the sample, the batch not counted. */
  readonly axis: number;
  /** The logarithm of it, exact also where the softmax itself is 0. */
  readonly log?: boolean;
}

/**
 * exp(x - max) / sum of the same, along one axis: x seen as [outer, size, inner]. With `log` x - max - log(sum of
 * exp(x - max)).
 */
export const softmax: Op<SoftmaxAttributes> = {
  id: 'softmax',
  ints: ['outer', 'size', 'inner', 'log'],
  floats: [],

  infer({ axis }, inputs) {
    inputCount(inputs, 1);
    const { shape, perSample } = input(inputs, 0, 'x');
    axisOf('axis', axis, shape.length);
    return output(shape, perSample);
  },

  geometry({ axis, log = false }, [x]) {
    return { ...slab(x?.shape ?? [], [axis, axis + 1]), log: log ? 1 : 0 };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { outer = 0, size = 0, inner = 0, log = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    for (let o = 0; o < batch * outer; o++) {
      for (let i = 0; i < inner; i++) normalise(x, y, o * size * inner + i, size, inner, log);
    }
  },
};

/** `size` numbers, `step` apart. The output is not rounded before the division: exponentials are taken twice. */
function normalise(
  x: Float32Array,
  y: Float32Array,
  at: number,
  size: number,
  step: number,
  log: number,
): void {
  const end = at + size * step;
  let most = Number.NEGATIVE_INFINITY;
  for (let p = at; p < end; p += step) most = Math.max(most, x[p] as number);
  let sum = 0;
  for (let p = at; p < end; p += step) sum += Math.exp((x[p] as number) - most);
  if (log) {
    const whole = Math.log(sum);
    for (let p = at; p < end; p += step) y[p] = (x[p] as number) - most - whole;
  } else {
    for (let p = at; p < end; p += step) y[p] = Math.exp((x[p] as number) - most) / sum;
  }
}
