import { nameOf } from '../support/geometry.js';
import { reductions } from '../support/internals.js';
import { floats } from '../support/random.js';
import { logSoftmax, reduce, softmax } from '../support/reference.js';
import { type Case, opSuite } from '../support/suite.js';

interface Line {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

const isSum = (kind: string): boolean => ['sum', 'mean', 'product'].includes(kind);

function reduceLine(kind: string, spec: Line): Case {
  const { outer, size, inner } = spec;
  return {
    name: nameOf({ kind, ...spec }),
    op: 'reduce',
    exact: !isSum(kind),
    geometry: { kind: (reductions as readonly string[]).indexOf(kind), outer, size, inner },
    inputs: [{ size: outer * size * inner, kind: 'sample' }],
    outputs: [outer * inner],
    reference: (inputs) => reduce(kind, outer, size, inner, inputs),
    // Near 1 and of both signs, so that no part of a long product overflows or vanishes.
    data: (next, _input, length) =>
      kind === 'product'
        ? Float32Array.from({ length }, () => (next() < 0.5 ? -1 : 1) * (0.9 + 0.2 * next()))
        : undefined,
  };
}

/** Few different numbers, NaN and infinity among them: what comes first counts. */
function specialLine(kind: string, spec: Line, rarely: number): Case {
  const few = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1];
  const pick = (next: () => number): number =>
    few[next() < rarely ? Math.floor(next() * 3) : 3 + Math.floor(next() * 4)] as number;
  return {
    ...reduceLine(kind, spec),
    name: `special values ${rarely} ${nameOf({ kind, ...spec })}`,
    data: (next, _input, length) => Float32Array.from({ length }, () => pick(next)),
  };
}

function softmaxLine(spec: Line & { range?: number; log?: boolean }): Case {
  const { outer, size, inner, range, log = false } = spec;
  return {
    name: nameOf(spec),
    op: 'softmax',
    geometry: { outer, size, inner, log: Number(log) },
    inputs: [{ size: outer * size * inner, kind: 'sample' }],
    outputs: [outer * size * inner],
    reference: (inputs) => (log ? logSoftmax : softmax)(outer, size, inner, inputs),
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

opSuite('reduce', [
  ...reductions.flatMap((kind) => lines.map((line) => reduceLine(kind, line))),
  ...reductions
    .filter((kind) => !isSum(kind))
    .flatMap((kind) =>
      lines.flatMap((line) => [specialLine(kind, line, 0.5), specialLine(kind, line, 0.02)]),
    ),
]);

const softmaxLines = [
  ...lines,
  { outer: 4, size: 10, inner: 1, range: 60 },
  { outer: 2, size: 5, inner: 9, range: 200 },
];
opSuite(
  'softmax',
  softmaxLines.flatMap((line) => [softmaxLine(line), softmaxLine({ ...line, log: true })]),
);
