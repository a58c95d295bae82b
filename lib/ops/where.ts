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
  inPlace: [0, 1, 2],

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

/** One sample, row after row of the last axis; the operands' places move on like an odometer. */
function choose(
  geometry: Geometry,
  inputs: readonly Float32Array[],
  starts: readonly number[],
  y: Float32Array,
  yAt: number,
): void {
  const along = (letter: string): number[] =>
    Array.from({ length: 6 }, (_, axis) => geometry[`${letter}${axis}`] as number);
  const [lengths, c, a, b] = ['d', 'c', 'a', 'b'].map(along) as [number[], number[], number[], number[]];
  const [cond, x, z] = inputs as [Float32Array, Float32Array, Float32Array];
  const [cStep, aStep, bStep] = [c[5], a[5], b[5]] as [number, number, number];
  let [p, q, r] = starts as [number, number, number];
  const row = lengths[5] as number;
  const end = yAt + lengths.reduce((all, length) => all * length, 1);
  const index = [0, 0, 0, 0, 0];
  for (let at = yAt; at < end; at += row) {
    chooseRow(cond, p, cStep, x, q, aStep, z, r, bStep, y, at, row);
    for (let axis = 4; axis >= 0; axis--) {
      const length = lengths[axis] as number;
      p += c[axis] as number;
      q += a[axis] as number;
      r += b[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < length) break;
      p -= length * (c[axis] as number);
      q -= length * (a[axis] as number);
      r -= length * (b[axis] as number);
      index[axis] = 0;
    }
  }
}

function chooseRow(
  cond: Float32Array,
  p: number,
  cStep: number,
  a: Float32Array,
  q: number,
  aStep: number,
  b: Float32Array,
  r: number,
  bStep: number,
  y: Float32Array,
  yAt: number,
  count: number,
): void {
  for (let i = yAt; i < yAt + count; i++, p += cStep, q += aStep, r += bStep) {
    y[i] = ((cond[p] as number) !== 0 ? a[q] : b[r]) as number;
  }
}
