import { nameOf } from '../support/geometry.js';
import { floats } from '../support/random.js';
import { reduce, softmax } from '../support/reference.js';
import { type Case, opSuite } from '../support/suite.js';

const kinds = ['sum', 'mean', 'max'];

interface Line {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

function reduceLine(kind: string, spec: Line): Case {
  const { outer, size, inner } = spec;
  return {
    name: nameOf({ kind, ...spec }),
    op: 'reduce',
    exact: kind === 'max',
    geometry: { kind: kinds.indexOf(kind), outer, size, inner },
    inputs: [{ size: outer * size * inner, kind: 'sample' }],
    outputs: [outer * inner],
    reference: (inputs) => reduce(kind, outer, size, inner, inputs),
  };
}

function softmaxLine(spec: Line & { range?: number }): Case {
  const { outer, size, inner, range } = spec;
  return {
    name: nameOf(spec),
    op: 'softmax',
    geometry: { outer, size, inner },
    inputs: [{ size: outer * size * inner, kind: 'sample' }],
    outputs: [outer * size * inner],
    reference: (inputs) => softmax(outer, size, inner, inputs),
    // Not whole numbers: no answer of a softmax is exact.
    data: (next, _input, length) => floats(next, length, -(range ?? 3), range ?? 3),
  };
}

const lines: readonly Line[] = [
  { outer: 1, size: 1, inner: 1 },
  { outer: 1, size: 7, inner: 1 },
  { outer: 3, size: 8, inner: 1 },
  { outer: 3, size: 9, inner: 1 },
  { outer: 5, size: 15, inner: 1 },
  { outer: 2, size: 16, inner: 1 },
  { outer: 2, size: 17, inner: 1 },
  { outer: 2, size: 1000, inner: 1 },
  { outer: 1, size: 49, inner: 33 },
  { outer: 2, size: 5, inner: 3 },
  { outer: 3, size: 1, inner: 16 },
  { outer: 2, size: 13, inner: 8 },
  { outer: 1, size: 196, inner: 131 },
];

opSuite(
  'reduce',
  kinds.flatMap((kind) => lines.map((line) => reduceLine(kind, line))),
);
opSuite(
  'softmax',
  [...lines, { outer: 4, size: 10, inner: 1, range: 60 }, { outer: 2, size: 5, inner: 9, range: 200 }].map(
    softmaxLine,
  ),
);
