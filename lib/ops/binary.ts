import { OptionError, ShapeError, show } from '../errors.js';
import { elements } from '../geometry.js';
import { activate } from './activate.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, input, inputCount, listed, output } from './check.js';
import type { Geometry, Op } from './op.js';
import { collapsed, numbered, numberedNames, rowMajor } from './strided.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;
/** Elements at a time; they stay in a first-level cache. */
const step = 2048;

/** The order is the native enum's. */
export const binaries = ['add', 'multiply', 'prelu'] as const;
export type Binary = (typeof binaries)[number];

export interface BinaryAttributes extends Activated {
  readonly kind: Binary;
}

/**
 * a + b, a * b, or prelu (a >= 0 ? a : a * b), then the activation; shapes broadcast as in NumPy.
 * A shared operand has no more axes than a sample one, for its first would lie along the batch.
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
    elements(a.shape);
    elements(b.shape);
    const [shared, sample] = a.perSample ? [b, a] : [a, b];
    if (shared.perSample !== sample.perSample && shared.shape.length > sample.shape.length) {
      throw new ShapeError(
        `expected shared values of at most ${sample.shape.length} axes, got ${listed(shared.shape)} for samples ${listed(sample.shape)}`,
      );
    }
    const shape = broadcast(a.shape, b.shape);
    if (kind === 'prelu' && (listed(shape) !== listed(a.shape) || (b.perSample && !a.perSample))) {
      throw new ShapeError(`expected slopes that broadcast to ${listed(a.shape)}, got ${listed(b.shape)}`);
    }
    walk(a.shape, b.shape, shape);
    return output(shape, a.perSample || b.perSample);
  },

  geometry(attributes, [a, b], [y]) {
    const { lengths, strides } = walk(a?.shape ?? [], b?.shape ?? [], y?.shape ?? []);
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
      combine(geometry, a, sample * aStride, b, sample * bStride, y, sample * size);
    }
  },
};

function combine(
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
              apply(kind, a, p + n * a5, a5, b, q + n * b5, b5, count);
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

function apply(
  kind: number,
  a: Float32Array,
  p: number,
  aStep: number,
  b: Float32Array,
  q: number,
  bStep: number,
  count: number,
): void {
  if (binaries[kind] === 'add') {
    for (let i = 0; i < count; i++, p += aStep, q += bStep) sums[i] = (a[p] as number) + (b[q] as number);
  } else if (binaries[kind] === 'multiply') {
    for (let i = 0; i < count; i++, p += aStep, q += bStep) sums[i] = (a[p] as number) * (b[q] as number);
  } else {
    for (let i = 0; i < count; i++, p += aStep, q += bStep) {
      const x = a[p] as number;
      sums[i] = x >= 0 ? x : x * (b[q] as number);
    }
  }
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) {
      throw new ShapeError(`expected shapes that broadcast, got ${listed(a)} and ${listed(b)}`);
    }
    return Math.max(p, q);
  });
}

/** How both operands are read along the output; stride 0 repeats. */
function walk(a: readonly number[], b: readonly number[], shape: readonly number[]) {
  const along = (operand: readonly number[]): number[] => {
    const strides = rowMajor(operand);
    const missing = shape.length - operand.length;
    return shape.map((_, axis) =>
      (operand[axis - missing] ?? 1) === 1 ? 0 : (strides[axis - missing] as number),
    );
  };
  return collapsed({ lengths: shape, strides: [along(a), along(b)] });
}
