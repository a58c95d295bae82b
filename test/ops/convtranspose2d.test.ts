import { actFields, nameOf, windowFields } from '../support/geometry.js';
import type { Kind } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';
import { convtranspose2d, resolveTransposed, type Window } from '../support/windows.js';

interface Line extends Window {
  readonly weights?: Kind;
}

function line(spec: Line): Case {
  const r = resolveTransposed(spec);
  const oc = spec.oc as number;
  const kind = spec.weights ?? 'constant';
  const bias = spec.bias === true;
  return {
    name: nameOf(spec),
    op: 'convtranspose2d',
    act: spec,
    geometry: { ...windowFields(spec, oc, r), bias: Number(bias), ...actFields(spec) },
    inputs: [
      { size: spec.h * spec.w * spec.c, kind: 'sample' },
      { size: r.kh * r.kw * oc * spec.c, kind },
      ...(bias ? [{ size: oc, kind }] : []),
    ],
    outputs: [r.oh * r.ow * oc],
    reference: (inputs) => convtranspose2d(spec, inputs),
  };
}

const lines: readonly Line[] = [
  { h: 1, w: 1, c: 1, k: [1, 1], oc: 1 },
  { h: 1, w: 1, c: 3, k: [3, 3], oc: 5, bias: true },
  { h: 3, w: 4, c: 3, k: [2, 2], oc: 7, s: [2, 2] },
  { h: 3, w: 4, c: 5, k: [3, 3], oc: 8, s: [2, 2], pad: [1, 1, 1, 1], bias: true },
  { h: 3, w: 4, c: 5, k: [3, 3], oc: 9, s: [2, 2], pad: [1, 1, 1, 1], outputPadding: [1, 1] },
  { h: 4, w: 3, c: 8, k: [4, 4], oc: 16, s: [2, 2], pad: [1, 1, 1, 1], act: 'relu' },
  { h: 4, w: 3, c: 8, k: [4, 4], oc: 17, s: [2, 2], pad: [1, 1, 1, 1], bias: true },
  { h: 4, w: 5, c: 17, k: [3, 3], oc: 33, bias: true },
  { h: 5, w: 3, c: 2, k: [3, 2], oc: 4, s: [1, 3], pad: [1, 0, 0, 1] },
  { h: 3, w: 3, c: 2, k: [2, 2], oc: 3, s: [3, 4] },
  { h: 3, w: 3, c: 2, k: [2, 2], oc: 3, s: [3, 4], outputPadding: [2, 3], bias: true },
  { h: 4, w: 4, c: 3, k: [3, 3], oc: 4, d: [2, 2], pad: [2, 2, 2, 2] },
  { h: 4, w: 3, c: 3, k: [3, 2], oc: 4, d: [1, 3], s: [2, 1], pad: [0, 2, 1, 0], bias: true },
  // Fewer pixels than the stride has phases, also where that is a very large number.
  { h: 1, w: 1, c: 1, k: [1, 1], oc: 1, s: [20_000, 2_147_483_647] },
  { h: 1, w: 1, c: 3, k: [5, 5], oc: 5, s: [7, 7], pad: [2, 1, 1, 2], bias: true },
  { h: 1, w: 2, c: 3, k: [3, 5], oc: 17, s: [6, 4], d: [3, 2], pad: [2, 1, 3, 2] },
  { h: 3, w: 3, c: 2, k: [3, 3], oc: 5, s: [4, 6], d: [2, 4], bias: true },
  { h: 7, w: 7, c: 64, k: [3, 3], oc: 12, pad: [1, 1, 1, 1], bias: true },
  { h: 3, w: 4, c: 5, k: [3, 3], oc: 9, s: [2, 2], bias: true, weights: 'shared' },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'leakyrelu', alpha: 0.25 },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'sigmoid' },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'tanh' },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'hardsigmoid' },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'hardswish' },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'gelu' },
  { h: 3, w: 3, c: 3, k: [3, 3], oc: 17, s: [2, 2], bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
];

opSuite('convtranspose2d', lines.map(line));
