import { OptionError, ShapeError, show } from '../errors.js';
import { activate } from './activate.js';
import { type Activated, activationFields } from './activation.js';
import { broadcast, walk } from './broadcast.js';
import { checkActivation, input, inputCount, listed, output } from './check.js';
import { combine } from './combine.js';
import type { Geometry, Op } from './op.js';
import { numbered, numberedNames } from './strided.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;
/** Elements at a time; they stay in a first-level cache. */
const step = 2048;

/** The order is the native enum's. */
export const binaries = [
  'add',
  'multiply',
  'prelu',
  'subtract',
  'divide',
  'minimum',
  'maximum',
  'power',
  'equal',
  'less',
  'lessequal',
  'mod',
  'fmod',
] as const;
export type Binary = (typeof binaries)[number];

export interface BinaryAttributes extends Activated {
  readonly kind: Binary;
}

/**
 * Two operands element by element, then the activation; shapes broadcast as in NumPy. A shared operand has no more axes
 * than a sample one. prelu is a >= 0 ? a : a * b; minimum and maximum are NaN where either operand is; power is C's pow
 * (pow(x, 0) and pow(1, x) are 1 even for NaN); comparisons give 1 or 0; the remainder of mod has the sign of the
 * divisor b, as in Python, that of fmod the sign of a, as in C.
 */
export const binary: Op<BinaryAttributes> = {
  id: 'binary',
  ints: ['kind', ...numberedNames('d', 'a', 'b'), 'act'],
  floats: ['alpha', 'beta'],
  inPlace: [0, 1],

  infer(attributes, inputs) {
    inputCount(inputs, 2);
    const [a, b] = [input(inputs, 0, 'a'), input(inputs, 1, 'b')];
    const { kind } = attributes;
    if (!binaries.includes(kind)) {
      throw new OptionError(`expected kind to be one of ${binaries.join(', ')}, got ${show(kind)}`);
    }
    checkActivation(attributes);
    const { shape, perSample } = broadcast([a, b]);
    if (kind === 'prelu' && (listed(shape) !== listed(a.shape) || (b.perSample && !a.perSample))) {
      throw new ShapeError(`expected slopes that broadcast to ${listed(a.shape)}, got ${listed(b.shape)}`);
    }
    walk(shape, [a, b]);
    return output(shape, perSample);
  },

  geometry(attributes, inputs, [y]) {
    const { lengths, strides } = walk(y?.shape ?? [], inputs);
    return {
      kind: binaries.indexOf(attributes.kind),
      ...numbered('d', lengths),
      ...numbered('a', strides[0] ?? []),
      ...numbered('b', strides[1] ?? []),
      ...activationFields(attributes),
    };
  },

  run({ geometry, batch, inputs, inputStrides, outputs }) {
    const [a, b] = inputs as [Float32Array, Float32Array];
    const y = outputs[0] as Float32Array;
    const size = y.length / batch;
    const [aStride = 0, bStride = 0] = inputStrides;
    for (let sample = 0; sample < batch; sample++) {
      combineAll(geometry, a, sample * aStride, b, sample * bStride, y, sample * size);
    }
  },
};

function combineAll(
  geometry: Geometry,
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  y: Float32Array,
  yAt: number,
): void {
  const {
    d0 = 1,
    d1 = 1,
    d2 = 1,
    d3 = 1,
    d4 = 1,
    d5 = 1,
    a0 = 0,
    a1 = 0,
    a2 = 0,
    a3 = 0,
    a4 = 0,
    a5 = 0,
  } = geometry;
  const { kind = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, act = 0, alpha = 0, beta = 0 } = geometry;
  const name = binaries[kind] as Binary;
  let at = yAt;
  for (let i = 0; i < d0; i++) {
    for (let j = 0; j < d1; j++) {
      for (let k = 0; k < d2; k++) {
        for (let l = 0; l < d3; l++) {
          for (let m = 0; m < d4; m++) {
            const p = aAt + i * a0 + j * a1 + k * a2 + l * a3 + m * a4;
            const q = bAt + i * b0 + j * b1 + k * b2 + l * b3 + m * b4;
            for (let n = 0; n < d5; n += step) {
              const count = Math.min(step, d5 - n);
              combine(name, a, p + n * a5, a5, b, q + n * b5, b5, count);
              activate(act, alpha, beta, count);
              for (let o = 0; o < count; o++) y[at + o] = sums[o] as number;
              at += count;
            }
          }
        }
      }
    }
  }
}
