import { nameOf, windowFields } from '../support/geometry.js';
import { offset } from '../support/reference.js';
import { type Case, opSuite } from '../support/suite.js';
import { im2col, resolve, type Window } from '../support/windows.js';

interface Copy {
  readonly d: readonly number[];
  readonly i: readonly number[];
  readonly o: readonly number[];
  readonly from?: number;
  readonly to?: number;
  readonly fill?: number;
  readonly inputs: number;
  readonly outputs: number;
}

function copyLine(spec: Copy): Case {
  const rank = 6;
  const front = (values: readonly number[], filler: number): number[] => [
    ...Array(rank - values.length).fill(filler),
    ...values,
  ];
  const [d, i, o] = [front(spec.d, 1), front(spec.i, 0), front(spec.o, 0)];
  const { from = 0, to = 0, fill } = spec;
  const fields = (prefix: string, values: readonly number[]): Record<string, number> =>
    Object.fromEntries(values.map((value, at) => [`${prefix}${at}`, value]));
  return {
    name: nameOf(spec),
    op: 'copy',
    exact: true,
    geometry: {
      ...fields('d', d),
      ...fields('i', i),
      ...fields('o', o),
      from,
      to,
      fill: Number(fill !== undefined),
      value: fill ?? 0,
    },
    inputs: [{ size: spec.inputs, kind: 'sample' }],
    outputs: [spec.outputs],
    reference: ([x]) => {
      const values = new Float64Array(spec.outputs).fill(Math.fround(fill ?? 0));
      const count = d.reduce((size, length) => size * length, 1);
      for (let flat = 0; flat < count; flat++) {
        values[to + offset(flat, d, o)] = x?.[from + offset(flat, d, i)] as number;
      }
      return { values, magnitude: values.map(() => 0), terms: 0 };
    },
  };
}

opSuite(
  'copy',
  [
    // All of it; a piece of it.
    { d: [1], i: [1], o: [1], inputs: 1, outputs: 1 },
    { d: [17], i: [1], o: [1], inputs: 17, outputs: 17 },
    { d: [9], i: [1], o: [1], from: 5, inputs: 20, outputs: 9 },
    { d: [9], i: [2], o: [1], from: 1, inputs: 20, outputs: 9 },
    { d: [9], i: [-1], o: [1], from: 8, inputs: 9, outputs: 9 },
    // Transposes.
    { d: [5, 7], i: [1, 5], o: [7, 1], inputs: 35, outputs: 35 },
    { d: [33, 17], i: [1, 33], o: [17, 1], inputs: 561, outputs: 561 },
    // Two and three planes to pixels, also within larger pixels.
    { d: [35, 2], i: [1, 35], o: [2, 1], inputs: 70, outputs: 70 },
    { d: [35, 3], i: [1, 35], o: [3, 1], inputs: 105, outputs: 105 },
    { d: [2, 3], i: [1, 2], o: [3, 1], inputs: 6, outputs: 6 },
    { d: [8, 3], i: [1, 8], o: [4, 1], inputs: 24, outputs: 32, fill: 2 },
    { d: [5000, 3], i: [1, 5000], o: [3, 1], inputs: 15000, outputs: 15000 },
    { d: [4, 3, 8], i: [8, 32, 1], o: [24, 8, 1], inputs: 96, outputs: 96 },
    {
      d: [2, 3, 4, 5, 2, 3],
      i: [1, 2, 6, 24, 120, 240],
      o: [360, 120, 30, 6, 3, 1],
      inputs: 720,
      outputs: 720,
    },
    // Padding: the rest is filled.
    { d: [3, 4, 5], i: [20, 5, 1], o: [35, 5, 1], to: 50, fill: 0, inputs: 60, outputs: 245 },
    { d: [1, 1, 1], i: [1, 1, 1], o: [9, 3, 1], to: 13, fill: 7.5, inputs: 1, outputs: 27 },
    { d: [2, 3, 16], i: [48, 16, 1], o: [80, 16, 1], to: 16, fill: -1, inputs: 96, outputs: 176 },
    // Upsampling: stride 0 repeats.
    { d: [3, 2, 4, 2, 5], i: [20, 0, 5, 0, 1], o: [80, 40, 10, 5, 1], inputs: 60, outputs: 240 },
    { d: [2, 3, 2, 3, 16], i: [32, 0, 16, 0, 1], o: [288, 96, 48, 16, 1], inputs: 64, outputs: 576 },
    // Tiles and broadcasts: outer and inner axes that repeat.
    { d: [3, 7], i: [0, 1], o: [7, 1], inputs: 7, outputs: 21 },
    { d: [7, 3], i: [1, 0], o: [3, 1], inputs: 7, outputs: 21 },
    { d: [3, 4, 2, 5], i: [0, 5, 0, 1], o: [40, 10, 5, 1], inputs: 20, outputs: 120 },
    { d: [70, 40, 3], i: [40, 1, 0], o: [120, 3, 1], inputs: 2800, outputs: 8400 },
    // Slices with steps, backwards too.
    { d: [3, 4], i: [-14, 2], o: [4, 1], from: 28, inputs: 42, outputs: 12 },
    { d: [90, 40], i: [80, -2], o: [40, 1], from: 79, inputs: 7200, outputs: 3600 },
    { d: [5, 6, 16], i: [-192, 32, 1], o: [96, 16, 1], from: 768, inputs: 960, outputs: 480 },
  ].map(copyLine),
);

function concatLine(spec: { outer: number; sizes: number[] }): Case {
  const { outer, sizes } = spec;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return {
    name: nameOf(spec),
    op: 'concat',
    exact: true,
    geometry: { outer },
    inputs: sizes.map((size) => ({ size: outer * size, kind: 'sample' })),
    outputs: [outer * total],
    reference: (inputs) => {
      const rows = Array.from({ length: outer }, (_, row) =>
        inputs.flatMap((x, i) => [
          ...x.subarray(row * (sizes[i] as number), (row + 1) * (sizes[i] as number)),
        ]),
      );
      const values = Float64Array.from(rows.flat());
      return { values, magnitude: values.map(() => 0), terms: 0 };
    },
  };
}

opSuite(
  'concat',
  [
    { outer: 1, sizes: [1] },
    { outer: 1, sizes: [5, 7] },
    { outer: 6, sizes: [1, 1] },
    { outer: 12, sizes: [16, 17] },
    { outer: 12, sizes: [3, 64, 5, 8] },
    { outer: 35, sizes: [9, 4, 131] },
    { outer: 3, sizes: Array.from({ length: 40 }, (_, i) => (i % 5) + 1) },
  ].map(concatLine),
);

function im2colLine(spec: Window): Case {
  const { oh, ow, kh, kw } = resolve(spec);
  return {
    name: nameOf(spec),
    op: 'im2col',
    exact: true,
    geometry: windowFields(spec, kh * kw * spec.c),
    inputs: [{ size: spec.h * spec.w * spec.c, kind: 'sample' }],
    outputs: [oh * ow * kh * kw * spec.c],
    reference: (inputs) => im2col(spec, inputs),
  };
}

const windows: readonly Window[] = [
  { h: 1, w: 1, c: 1, k: [1, 1] },
  { h: 5, w: 4, c: 3, k: [3, 3], pad: [1, 1, 1, 1] },
  { h: 5, w: 4, c: 8, k: [2, 3], s: [2, 1], pad: [0, 1, 2, 0] },
  { h: 9, w: 8, c: 17, k: [3, 2], d: [2, 3], s: [1, 2] },
  { h: 2, w: 2, c: 2, k: [2, 2], pad: [3, 2, 2, 3], s: [3, 3] },
];
opSuite('im2col', windows.map(im2colLine));
