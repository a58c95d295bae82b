import { OptionError, show } from '../errors.js';
import { activate } from './activate.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, input, inputCount, output, vector } from './check.js';
import type { Op } from './op.js';
import { rowsOf } from './scale.js';
import { workspace } from './workspace.js';

const { rows: factors, sums } = workspace;

export interface BatchNormAttributes extends Activated {
  readonly epsilon: number;
}

/** act((x - mean) / sqrt(variance + epsilon) * gamma + beta) per channel: x [..., c], the others [c] -> [..., c] */
export const batchnorm: Op<BatchNormAttributes> = {
  id: 'batchnorm',
  ints: ['rows', 'c', 'act'],
  floats: ['epsilon', 'alpha', 'beta'],
  inPlace: [0],

  infer(attributes, inputs) {
    inputCount(inputs, 5);
    const { c } = rowsOf(inputs);
    for (const [i, name] of ['mean', 'variance', 'gamma', 'beta'].entries()) vector(inputs, i + 1, name, c);
    if (!(attributes.epsilon >= 0 && attributes.epsilon < Number.POSITIVE_INFINITY)) {
      throw new OptionError(`expected epsilon to be a number of 0 or more, got ${show(attributes.epsilon)}`);
    }
    checkActivation(attributes);
    const { shape, perSample } = input(inputs, 0, 'x');
    return output(shape, perSample);
  },

  geometry(attributes, inputs) {
    return { ...rowsOf(inputs), epsilon: attributes.epsilon, ...activationFields(attributes) };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { rows = 0, c = 0, epsilon = 0, act = 0, alpha = 0, beta = 0 } = geometry;
    const [x, mean, variance, gamma, shift] = inputs as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const y = outputs[0] as Float32Array;
    for (let c0 = 0; c0 < c; c0 += factors.length) {
      const count = Math.min(factors.length, c - c0);
      for (let i = 0; i < count; i++) {
        factors[i] = (gamma[c0 + i] as number) / Math.sqrt((variance[c0 + i] as number) + epsilon);
      }
      for (let row = 0; row < batch * rows; row++) {
        const at = row * c + c0;
        for (let i = 0; i < count; i++) {
          const centred = (x[at + i] as number) - (mean[c0 + i] as number);
          sums[i] = centred * (factors[i] as number) + (shift[c0 + i] as number);
        }
        activate(act, alpha, beta, count);
        for (let i = 0; i < count; i++) y[at + i] = sums[i] as number;
      }
    }
  },
};
