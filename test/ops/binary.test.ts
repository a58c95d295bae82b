import type { Act } from '../support/activation.js';
import { layout } from '../support/broadcast.js';
import { actFields, nameOf } from '../support/geometry.js';
import { floats, specials } from '../support/random.js';
import { binary } from '../support/reference.js';
import type { Kind } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

/** `b` is broadcast along every axis where it has 1. */
interface Broadcast extends Act {
  readonly kind: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly from?: Kind;
}

/** Written down once more, not taken from the code under test. */
const binaries = [
  ...['add', 'multiply', 'prelu', 'subtract', 'divide', 'minimum', 'maximum'],
  ...['power', 'equal', 'less', 'lessequal', 'mod', 'fmod'],
];

function binaryLine(spec: Broadcast): Case {
  const { dims, strides, sizes, size, fields } = layout('ab', [spec.a, spec.b]);
  const [aStrides, bStrides] = strides as [number[], number[]];
  return {
    name: nameOf(spec),
    op: 'binary',
    act: spec,
    // Sums and products of two floats are rounded once, so every input has one right answer; not so powers.
    exact: spec.act === undefined && spec.kind !== 'power',
    geometry: { kind: binaries.indexOf(spec.kind), ...fields, ...actFields(spec) },
    inputs: [
      { size: sizes[0] as number, kind: 'sample' },
      { size: sizes[1] as number, kind: spec.from ?? 'sample' },
    ],
    outputs: [size],
    reference: (inputs) => binary(spec.kind, dims, aStrides, bStrides, inputs),
    data: (next, input, length) => (spec.kind === 'power' ? powerData(next, input, length) : undefined),
  };
}

/** Bases of both signs, and whole or other exponents of both signs. */
function powerData(next: () => number, input: number, size: number): Float32Array {
  const all = floats(next, size, -4, 4);
  return input === 0 ? all : all.map((x, i) => (i % 3 === 0 ? x : Math.round(x)));
}

/** Every special value against every other; denormals count as zero in one engine and not in the other. */
function specialPairs(kind: string): Case {
  const values = specials.filter((x) => x === 0 || !(Math.abs(x) < 2 ** -126));
  const { length } = values;
  return {
    ...binaryLine({ kind, a: [length, 1], b: [1, length] }),
    name: `special values ${kind}`,
    data: (_next, _input, size) =>
      Float32Array.from({ length: size }, (_, i) => values[i % length] as number),
  };
}

const shapes: readonly (readonly [number[], number[]])[] = [
  [[1], [1]],
  [[7], [7]],
  [[16], [1]],
  [[1], [17]],
  [
    [5, 6, 9],
    [5, 6, 9],
  ],
  [
    [5, 6, 9],
    [1, 1, 9],
  ],
  [
    [5, 6, 17],
    [5, 6, 1],
  ],
  [
    [5, 6, 17],
    [5, 1, 1],
  ],
  [
    [5, 1, 8],
    [1, 6, 8],
  ],
  [
    [2, 1, 3, 1, 5],
    [1, 4, 1, 2, 1],
  ],
];

opSuite('binary', [
  ...shapes.flatMap(([a, b]) => binaries.map((kind) => binaryLine({ kind, a, b }))),
  ...binaries.map(specialPairs),
  binaryLine({ kind: 'add', a: [5, 6, 9], b: [9], from: 'constant' }),
  binaryLine({ kind: 'prelu', a: [5, 6, 9], b: [9], from: 'constant' }),
  binaryLine({ kind: 'prelu', a: [5, 6, 9], b: [5, 6, 9], from: 'shared' }),
  binaryLine({ kind: 'add', a: [4, 4, 19], b: [4, 4, 19], act: 'relu' }),
  binaryLine({ kind: 'add', a: [4, 4, 19], b: [4, 4, 19], act: 'relu', beta: 1 }),
  binaryLine({ kind: 'multiply', a: [4, 4, 19], b: [19], act: 'swish' }),
  binaryLine({ kind: 'add', a: [4, 4, 19], b: [4, 4, 19], act: 'clip', alpha: -0.5, beta: 0.25 }),
  binaryLine({ kind: 'subtract', a: [4, 4, 19], b: [4, 4, 19], act: 'abs' }),
  ...[2, 3, 0.5, 0, -1].map((exponent) => ({
    ...binaryLine({ kind: 'power', a: [3, 401], b: [1], from: 'constant' }),
    name: `power of ${exponent}`,
    data: (next: () => number, input: number, size: number) =>
      input === 0 ? floats(next, size, -4, 4) : Float32Array.of(exponent),
  })),
]);
