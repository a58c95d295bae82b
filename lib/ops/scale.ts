import { ShapeError } from '../errors.js';
import { elements } from '../geometry.js';
import { activate } from './activate.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, input, inputCount, output, vector } from './check.js';
import type { Op, Shaped } from './op.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

/** x as rows of channels, the last axis. */
export function rowsOf(inputs: readonly Shaped[]): { readonly rows: number; readonly c: number } {
  const { shape } = input(inputs, 0, 'x');
  const c = shape.at(-1);
  if (c === undefined)
    throw new ShapeError('expected an input with channels as its last axis, got a single number');
  return { rows: elements(shape) / c, c };
}

/** act(x * scale + shift) per channel: x [..., c], scale [c], shift [c] -> [..., c] */
export const scale: Op<Activated> = {
  id: 'scale',
  ints: ['rows', 'c', 'act'],
  floats: ['alpha', 'beta'],
  inPlace: [0],
  pitched: { inputs: [0], output: true },

  infer(attributes, inputs) {
    inputCount(inputs, 3);
    const { c } = rowsOf(inputs);
    vector(inputs, 1, 'scale', c);
    vector(inputs, 2, 'shift', c);
    checkActivation(attributes);
    const { shape, perSample } = input(inputs, 0, 'x');
    return output(shape, perSample);
  },

  geometry(attributes, inputs) {
    return { ...rowsOf(inputs), ...activationFields(attributes) };
  },

  run({ geometry, batch, inputs, inputPitches, outputs, outputPitch }) {
    const { rows = 0, c = 0, act = 0, alpha = 0, beta = 0 } = geometry;
    const [x, factors, shifts] = inputs as [Float32Array, Float32Array, Float32Array];
    const y = outputs[0] as Float32Array;
    const from = inputPitches[0] || c;
    const to = outputPitch || c;
    for (let row = 0; row < batch * rows; row++) {
      for (let c0 = 0; c0 < c; c0 += sums.length) {
        const count = Math.min(sums.length, c - c0);
        const p = row * from + c0;
        const q = row * to + c0;
        for (let i = 0; i < count; i++) {
          sums[i] = (x[p + i] as number) * (factors[c0 + i] as number) + (shifts[c0 + i] as number);
        }
        activate(act, alpha, beta, count);
        for (let i = 0; i < count; i++) y[q + i] = sums[i] as number;
      }
    }
  },
};
