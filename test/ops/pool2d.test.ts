import { nameOf, poolFields } from '../support/geometry.js';
import { floats } from '../support/random.js';
import { type Case, opSuite } from '../support/suite.js';
import { averagepool2d, maxpool2d, resolve, type Window } from '../support/windows.js';

/** With ceilMode an output may be larger than the formula says: its last windows hang over the edge. */
interface Line extends Window {
  readonly oh?: number;
  readonly ow?: number;
}

function line(op: 'maxpool2d' | 'averagepool2d', spec: Line): Case {
  const r = { ...resolve(spec), oh: spec.oh ?? resolve(spec).oh, ow: spec.ow ?? resolve(spec).ow };
  const average = op === 'averagepool2d';
  return {
    name: nameOf(spec),
    op,
    exact: !average,
    geometry: { ...poolFields(spec, r), ...(average ? { include: Number(spec.include === true) } : {}) },
    inputs: [{ size: spec.h * spec.w * spec.c, kind: 'sample' }],
    outputs: [r.oh * r.ow * spec.c],
    reference: (inputs) => (average ? averagepool2d : maxpool2d)(spec, inputs),
  };
}

/** A few cells are NaN, infinite, huge or 0 with either sign. */
function odd(next: () => number, size: number): Float32Array {
  const values = floats(next, size, -2, 2);
  const kinds = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38, 0];
  const share = Math.ceil(size / 12);
  for (let i = 0; i < share; i++)
    values[Math.floor(next() * size)] = kinds[Math.floor(next() * kinds.length)] as number;
  return values;
}

const lines: readonly Line[] = [
  { h: 1, w: 1, c: 1, k: [1, 1] },
  { h: 1, w: 1, c: 1, k: [3, 3], pad: [1, 1, 1, 1] },
  { h: 4, w: 4, c: 3, k: [2, 2], s: [2, 2] },
  { h: 6, w: 4, c: 7, k: [2, 2], s: [2, 2] },
  { h: 5, w: 7, c: 8, k: [2, 2], s: [2, 2] },
  { h: 5, w: 7, c: 9, k: [3, 3], s: [2, 2], pad: [1, 1, 1, 1] },
  { h: 5, w: 7, c: 15, k: [3, 3], s: [1, 1], pad: [1, 1, 1, 1] },
  { h: 6, w: 6, c: 16, k: [3, 3], s: [2, 2], pad: [0, 1, 0, 1] },
  { h: 6, w: 6, c: 17, k: [3, 3], s: [2, 2] },
  { h: 3, w: 5, c: 33, k: [2, 3], s: [1, 2], pad: [1, 0, 0, 2] },
  { h: 9, w: 9, c: 5, k: [2, 2], s: [4, 3] },
  { h: 7, w: 7, c: 131, k: [7, 7] },
  { h: 9, w: 8, c: 4, k: [3, 3], d: [2, 3], s: [2, 1], pad: [2, 1, 0, 3] },
  { h: 2, w: 3, c: 6, k: [2, 2], pad: [1, 1, 1, 1], s: [2, 2] },
  { h: 11, w: 13, c: 2, k: [5, 4], s: [3, 2], pad: [2, 2, 1, 2] },
  // Neighbouring windows of 3x3, which share columns.
  { h: 9, w: 11, c: 64, k: [3, 3], s: [2, 2] },
  { h: 6, w: 1, c: 40, k: [3, 3], s: [1, 2], pad: [2, 2, 2, 2] },
  { h: 1, w: 9, c: 19, k: [3, 3], s: [2, 1], pad: [1, 2, 1, 0] },
  { h: 8, w: 7, c: 35, k: [3, 3], s: [3, 3], pad: [0, 1, 1, 1] },
  // Windows over the lower and right edge.
  { h: 5, w: 5, c: 9, k: [2, 2], s: [2, 2], oh: 3, ow: 3 },
  { h: 6, w: 5, c: 3, k: [3, 3], s: [2, 2], pad: [1, 0, 1, 1], oh: 4, ow: 3 },
  { h: 2, w: 4, c: 5, k: [3, 3], s: [2, 2], oh: 1, ow: 2 },
  { h: 7, w: 9, c: 12, k: [3, 2], d: [2, 3], s: [2, 3], pad: [1, 0, 0, 1], oh: 3, ow: 3 },
];

const averages: readonly Line[] = [
  ...lines,
  { h: 5, w: 7, c: 9, k: [3, 3], s: [2, 2], pad: [1, 1, 1, 1], include: true },
  { h: 5, w: 5, c: 16, k: [3, 3], pad: [2, 0, 1, 2], include: true },
  // Cells beyond the declared padding do not count, even where padding does.
  { h: 6, w: 6, c: 5, k: [3, 3], s: [2, 2], pad: [1, 0, 0, 1], include: true, oh: 4, ow: 4 },
  { h: 7, w: 9, c: 12, k: [3, 2], d: [2, 3], s: [2, 3], pad: [1, 0, 0, 1], include: true, oh: 3, ow: 3 },
  { h: 9, w: 8, c: 4, k: [3, 3], d: [2, 3], s: [2, 1], pad: [2, 1, 0, 3], include: true },
];

opSuite('maxpool2d', [
  ...lines.map((spec) => line('maxpool2d', spec)),
  ...lines.map((spec) => {
    const plain = line('maxpool2d', spec);
    return { ...plain, name: `${plain.name}, odd values`, data: (next, _, size) => odd(next, size) } as Case;
  }),
]);
opSuite(
  'averagepool2d',
  averages.map((spec) => line('averagepool2d', spec)),
);
