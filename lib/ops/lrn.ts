import { OptionError, ShapeError, show } from '../errors.js';
import { elements, positive } from '../geometry.js';
import { input, inputCount, listed, output, product } from './check.js';
import type { Op } from './op.js';

export interface LrnAttributes {
  /** Channels of the window. */
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

/**
 * Local response normalisation, channels last: x [..., c] -> the same shape,
 * y[j] = x[j] / (bias + alpha / size * sum of x[k]^2)^beta over the k from j - floor((size - 1) / 2) to
 * j + ceil((size - 1) / 2) that are channels (Krizhevsky et al. 2012, section 3.3, with alpha as ONNX and PyTorch have
 * it).
 */
export const lrn: Op<LrnAttributes> = {
  id: 'lrn',
  ints: ['rows', 'c', 'size'],
  floats: ['alpha', 'beta', 'bias'],

  infer({ size, alpha, beta, bias }, inputs) {
    inputCount(inputs, 1);
    const { shape, perSample } = input(inputs, 0, 'x');
    elements(shape);
    if (shape.length === 0) throw new ShapeError(`expected an input [..., channels], got ${listed(shape)}`);
    positive('size', size);
    for (const [name, value] of Object.entries({ alpha, beta, bias })) {
      if (!Number.isFinite(value))
        throw new OptionError(`expected ${name} to be a number, got ${show(value)}`);
    }
    return output(shape, perSample);
  },

  geometry({ size, alpha, beta, bias }, [x]) {
    const shape = x?.shape ?? [];
    return { rows: product(shape, 0, shape.length - 1), c: shape.at(-1) ?? 0, size, alpha, beta, bias };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { rows = 0, c = 0, size = 0, alpha = 0, beta = 0, bias = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    const before = Math.floor((size - 1) / 2);
    const after = size - 1 - before;
    for (let row = 0; row < batch * rows; row++) {
      const at = row * c;
      for (let j = 0; j < c; j++) {
        const first = Math.max(j - before, 0);
        const last = Math.min(j + after, c - 1);
        let sum = 0;
        for (let k = first; k <= last; k++) sum += (x[at + k] as number) * (x[at + k] as number);
        const d = bias + (alpha / size) * sum;
        // Roots are faster than a power, and 0.75 is what networks use.
        y[at + j] = (x[at + j] as number) / (beta === 0.75 ? Math.sqrt(d * Math.sqrt(d)) : d ** beta);
      }
    }
  },
};
