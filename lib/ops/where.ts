import { broadcast, walk } from './broadcast.js';
import { input, inputCount, output } from './check.js';
import type { Attributes, Geometry, Op } from './op.js';
import { numbered, numberedNames } from './strided.js';

/**
 * cond != 0 ? a : b, element by element (NaN is not 0); the three shapes broadcast as in NumPy. A shared operand has no
 * more axes than a sample one.
 */
export const where: Op<Attributes> = {
  id: 'where',
  ints: numberedNames('d', 'c', 'a', 'b'),
  floats: [],
  inPlace: true,

  infer(_attributes, inputs) {
    inputCount(inputs, 3);
    const operands = ['cond', 'a', 'b'].map((name, i) => input(inputs, i, name));
    const { shape, perSample } = broadcast(operands);
    walk(shape, operands);
    return output(shape, perSample);
  },

  geometry(_attributes, inputs, [y]) {
    const { lengths, strides } = walk(y?.shape ?? [], inputs);
    return {
      ...numbered('d', lengths),
      ...numbered('c', strides[0] ?? []),
      ...numbered('a', strides[1] ?? []),
      ...numbered('b', strides[2] ?? []),
    };
  },

  run({ geometry, batch, inputs, inputStrides, outputs }) {
    const y = outputs[0] as Float32Array;
    const size = y.length / batch;
    for (let sample = 0; sample < batch; sample++) {
      const starts = inputStrides.map((stride) => sample * stride);
      choose(geometry, inputs, starts, y, sample * size);
    }
  },
};

/** One sample: rows along the last axis, the place of each found from its index. */
function choose(
  geometry: Geometry,
  inputs: readonly Float32Array[],
  starts: readonly number[],
  y: Float32Array,
  yAt: number,
): void {
  const along = (letter: string): number[] =>
    Array.from({ length: 6 }, (_, axis) => geometry[`${letter}${axis}`] as number);
  const lengths = along('d');
  const strides = ['c', 'a', 'b'].map(along);
  const [cond, a, b] = inputs as [Float32Array, Float32Array, Float32Array];
  const [cStep, aStep, bStep] = strides.map((steps) => steps[5]) as [number, number, number];
  const row = lengths[5] as number;
  const rows = lengths.slice(0, 5).reduce((all, length) => all * length, 1);
  for (let r = 0; r < rows; r++) {
    const places = [...starts];
    for (let axis = 4, rest = r; axis >= 0; axis--) {
      const length = lengths[axis] as number;
      const index = rest % length;
      rest = (rest - index) / length;
      for (let i = 0; i < 3; i++) {
        places[i] = (places[i] as number) + index * (strides[i]?.[axis] as number);
      }
    }
    let [c, p, q] = places as [number, number, number];
    for (let i = 0; i < row; i++, c += cStep, p += aStep, q += bStep) {
      y[yAt + r * row + i] = ((cond[c] as number) !== 0 ? a[p] : b[q]) as number;
    }
  }
}
