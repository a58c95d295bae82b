import { inputCount } from './check.js';
import type { Attributes, Op } from './op.js';
import { rowsOf } from './scale.js';
import { workspace } from './workspace.js';

const { rows: means, sums } = workspace;

/** x [..., c] -> mean [c] and population variance [c] over all rows of the whole batch; both are shared. */
export const batchstats: Op<Attributes> = {
  id: 'batchstats',
  ints: ['rows', 'c'],
  floats: [],

  infer(_, inputs) {
    inputCount(inputs, 1);
    const { c } = rowsOf(inputs);
    return [
      { shape: [c], perSample: false },
      { shape: [c], perSample: false },
    ];
  },

  geometry(_, inputs) {
    return rowsOf(inputs);
  },

  run({ geometry, batch, inputs, outputs }) {
    const { rows = 0, c = 0 } = geometry;
    const [x, mean, variance] = [inputs[0], outputs[0], outputs[1]] as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const all = batch * rows;
    for (let c0 = 0; c0 < c; c0 += sums.length) {
      const count = Math.min(sums.length, c - c0);
      for (let i = 0; i < count; i++) sums[i] = 0;
      for (let row = 0, p = c0; row < all; row++, p += c) {
        for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (x[p + i] as number);
      }
      for (let i = 0; i < count; i++) means[i] = (sums[i] as number) / all;
      for (let i = 0; i < count; i++) sums[i] = 0;
      for (let row = 0, p = c0; row < all; row++, p += c) {
        for (let i = 0; i < count; i++) {
          const off = (x[p + i] as number) - (means[i] as number);
          sums[i] = (sums[i] as number) + off * off;
        }
      }
      for (let i = 0; i < count; i++) {
        mean[c0 + i] = means[i] as number;
        variance[c0 + i] = (sums[i] as number) / all;
      }
    }
  },
};
