import { ShapeError } from '../errors.js';
import { elements } from '../geometry.js';
import { axisOf, input, listed, output, product } from './check.js';
import type { Op } from './op.js';

export interface ConcatAttributes {
  /** Axis of the sample, the batch not counted. */
  readonly axis: number;
}

/** Inputs [outer, size_i / outer] one beside the other. */
export const concat: Op<ConcatAttributes> = {
  id: 'concat',
  ints: ['outer'],
  floats: [],

  infer({ axis }, inputs) {
    const first = input(inputs, 0, 'x').shape;
    axisOf('axis', axis, first.length);
    let length = 0;
    for (const { shape } of inputs) {
      elements(shape);
      if (shape.length !== first.length || shape.some((size, i) => i !== axis && size !== first[i])) {
        throw new ShapeError(
          `expected inputs that differ along axis ${axis} only, got ${listed(first)} and ${listed(shape)}`,
        );
      }
      length += shape[axis] as number;
    }
    return output(
      first.map((size, i) => (i === axis ? length : size)),
      inputs.some(({ perSample }) => perSample),
    );
  },

  geometry({ axis }, [x]) {
    return { outer: product(x?.shape ?? [], 0, axis) };
  },

  run({ geometry, batch, inputs, inputSizes, inputStrides, inputPitches, outputs, outputPitch }) {
    const { outer = 0 } = geometry;
    const y = outputs[0] as Float32Array;
    const widths = inputSizes.map((size) => size / outer);
    const row = outputPitch || widths.reduce((sum, width) => sum + width, 0);
    let at = 0;
    for (const [index, x] of inputs.entries()) {
      const width = widths[index] as number;
      const pitch = inputPitches[index] || width;
      for (let sample = 0; sample < batch; sample++) {
        for (let o = 0; o < outer; o++) {
          const p = sample * (inputStrides[index] ?? 0) + o * pitch;
          const q = (sample * outer + o) * row + at;
          for (let i = 0; i < width; i++) y[q + i] = x[p + i] as number;
        }
      }
      at += width;
    }
  },
};
