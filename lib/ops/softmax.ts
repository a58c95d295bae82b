import { axisOf, input, inputCount, output, product } from './check.js';
import type { Op } from './op.js';

export interface SoftmaxAttributes {
  /** Axis of the sample, the batch not counted. */
  readonly axis: number;
}

/** exp(x - max) / sum of the same, along one axis: x seen as [outer, size, inner]. */
export const softmax: Op<SoftmaxAttributes> = {
  id: 'softmax',
  ints: ['outer', 'size', 'inner'],
  floats: [],

  infer({ axis }, inputs) {
    inputCount(inputs, 1);
    const { shape, perSample } = input(inputs, 0, 'x');
    axisOf('axis', axis, shape.length);
    return output(shape, perSample);
  },

  geometry({ axis }, [x]) {
    const shape = x?.shape ?? [];
    return {
      outer: product(shape, 0, axis),
      size: product(shape, axis, axis + 1),
      inner: product(shape, axis + 1),
    };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { outer = 0, size = 0, inner = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    for (let o = 0; o < batch * outer; o++) {
      for (let i = 0; i < inner; i++) normalise(x, y, o * size * inner + i, size, inner);
    }
  },
};

/** `size` numbers, `step` apart. The output is not rounded before the division: exponentials are taken twice. */
function normalise(x: Float32Array, y: Float32Array, at: number, size: number, step: number): void {
  const end = at + size * step;
  let most = Number.NEGATIVE_INFINITY;
  for (let p = at; p < end; p += step) most = Math.max(most, x[p] as number);
  let sum = 0;
  for (let p = at; p < end; p += step) sum += Math.exp((x[p] as number) - most);
  for (let p = at; p < end; p += step) y[p] = Math.exp((x[p] as number) - most) / sum;
}
