import { elements } from '../geometry.js';
import { activate } from './activate.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, input, inputCount, output } from './check.js';
import type { Op } from './op.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;
/** Elements at a time; they stay in a first-level cache. */
const step = 2048;

/** y = act(x), element by element. */
export const unary: Op<Activated> = {
  id: 'unary',
  ints: ['size', 'act'],
  floats: ['alpha', 'beta'],
  inPlace: [0],

  infer(attributes, inputs) {
    inputCount(inputs, 1);
    checkActivation(attributes);
    const { shape, perSample } = input(inputs, 0, 'x');
    return output(shape, perSample);
  },

  geometry(attributes, [x]) {
    return { size: elements(x?.shape ?? []), ...activationFields(attributes) };
  },

  run({ geometry, batch, inputs, outputs }) {
    const { size = 0, act = 0, alpha = 0, beta = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    for (let at = 0; at < batch * size; at += step) {
      const count = Math.min(step, batch * size - at);
      for (let i = 0; i < count; i++) sums[i] = x[at + i] as number;
      activate(act, alpha, beta, count);
      for (let i = 0; i < count; i++) y[at + i] = sums[i] as number;
    }
  },
};
