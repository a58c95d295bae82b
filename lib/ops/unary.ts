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
  pitched: { inputs: [0], output: true },

  infer(attributes, inputs) {
    inputCount(inputs, 1);
    checkActivation(attributes);
    const { shape, perSample } = input(inputs, 0, 'x');
    return output(shape, perSample);
  },

  geometry(attributes, [x]) {
    return { size: elements(x?.shape ?? []), ...activationFields(attributes) };
  },

  run({ geometry, batch, inputs, inputStrides, inputPitches, outputs, outputStride, outputPitch }) {
    const { size = 0, act = 0, alpha = 0, beta = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    const [from = 0] = inputPitches;
    // Where rows lie apart, one of both sides knows how many there are; else everything is one row.
    const rows = from ? (inputStrides[0] as number) / from : outputPitch ? outputStride / outputPitch : 0;
    const width = rows ? size / rows : batch * size;
    for (let row = 0; row < (rows ? batch * rows : 1); row++) {
      const [p, q] = [row * (from || width), row * (outputPitch || width)];
      for (let at = 0; at < width; at += step) {
        const count = Math.min(step, width - at);
        for (let i = 0; i < count; i++) sums[i] = x[p + at + i] as number;
        activate(act, alpha, beta, count);
        for (let i = 0; i < count; i++) y[q + at + i] = sums[i] as number;
      }
    }
  },
};
