import { actFields, nameOf, windowFields } from '../support/geometry.js';
import type { Kind } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';
import { depthwise2d, resolve, type Window } from '../support/windows.js';

interface Line extends Window {
  readonly weights?: Kind;
}

function line(spec: Line): Case {
  const { oh, ow, kh, kw } = resolve(spec);
  const oc = spec.c * (spec.mult ?? 1);
  const kind = spec.weights ?? 'constant';
  const bias = spec.bias === true;
  return {
    name: nameOf(spec),
    op: 'depthwise2d',
    act: spec,
    geometry: {
      ...windowFields(spec, oc),
      bias: Number(bias),
      oihw: Number(spec.oihw ?? false),
      ...actFields(spec),
    },
    inputs: [
      { size: spec.h * spec.w * spec.c, kind: 'sample' },
      { size: kh * kw * oc, kind },
      ...(bias ? [{ size: oc, kind }] : []),
    ],
    outputs: [oh * ow * oc],
    reference: (inputs) => depthwise2d(spec, inputs),
  };
}

const lines: readonly Line[] = [
  // Kernels [c mult, 1, kh, kw]: patches, other windows, a multiplier, packed in a run.
  { h: 6, w: 7, c: 37, k: [3, 3], pad: [1, 1, 1, 1], bias: true, oihw: true },
  { h: 6, w: 7, c: 5, k: [2, 4], mult: 3, oihw: true },
  { h: 6, w: 7, c: 16, k: [3, 3], s: [2, 2], weights: 'shared', oihw: true },
  { h: 1, w: 1, c: 1, k: [1, 1] },
  { h: 1, w: 1, c: 1, k: [3, 3], pad: [1, 1, 1, 1], bias: true },
  { h: 5, w: 7, c: 3, k: [3, 3], pad: [1, 1, 1, 1] },
  { h: 5, w: 7, c: 7, k: [3, 3], pad: [1, 1, 1, 1], bias: true, act: 'relu' },
  { h: 6, w: 6, c: 8, k: [3, 3], pad: [1, 1, 1, 1] },
  { h: 6, w: 6, c: 9, k: [3, 3], bias: true },
  { h: 6, w: 5, c: 15, k: [3, 3], s: [2, 2], pad: [0, 1, 0, 1] },
  { h: 6, w: 5, c: 16, k: [3, 3], s: [2, 2], pad: [1, 1, 1, 1], act: 'relu', beta: 6 },
  { h: 6, w: 5, c: 17, k: [3, 3], pad: [1, 1, 1, 1] },
  { h: 4, w: 9, c: 33, k: [3, 3], pad: [1, 1, 1, 1], bias: true },
  { h: 4, w: 9, c: 64, k: [3, 3], pad: [1, 1, 1, 1], bias: true },
  { h: 3, w: 3, c: 131, k: [3, 3], pad: [1, 1, 1, 1] },
  // Few rows of many channels: two parts of the channels, the last vector partial.
  { h: 13, w: 14, c: 264, k: [3, 3], pad: [1, 1, 1, 1], bias: true, act: 'relu', beta: 6 },
  { h: 7, w: 9, c: 345, k: [5, 5], pad: [2, 2, 2, 2], act: 'swish', oihw: true },
  { h: 9, w: 8, c: 12, k: [5, 5], pad: [2, 2, 2, 2] },
  { h: 9, w: 11, c: 5, k: [7, 7], s: [2, 2], pad: [3, 3, 3, 3] },
  { h: 9, w: 8, c: 12, k: [1, 1], s: [2, 3] },
  { h: 9, w: 8, c: 12, k: [2, 4], s: [4, 5], pad: [0, 1, 2, 1] },
  { h: 2, w: 2, c: 6, k: [2, 2], pad: [3, 2, 4, 2] },
  { h: 9, w: 10, c: 10, k: [3, 3], d: [2, 3], pad: [2, 2, 3, 3], bias: true },
  { h: 12, w: 10, c: 4, k: [3, 2], d: [4, 1], s: [1, 2], pad: [0, 3, 1, 0] },
  { h: 5, w: 5, c: 1, k: [3, 3], mult: 8, bias: true },
  { h: 5, w: 5, c: 3, k: [3, 3], mult: 2, pad: [1, 1, 1, 1] },
  { h: 5, w: 5, c: 5, k: [3, 3], mult: 3, pad: [1, 1, 1, 1], s: [2, 1], bias: true, act: 'relu' },
  { h: 4, w: 4, c: 17, k: [3, 3], mult: 2 },
  { h: 4, w: 4, c: 16, k: [2, 2], mult: 4, d: [2, 2], bias: true },
  { h: 6, w: 5, c: 19, k: [3, 3], pad: [1, 1, 1, 1], bias: true, weights: 'shared' },
  // Lines longer than the TypeScript engine's memory, more outputs than that, and a window that is larger.
  { h: 9, w: 3900, c: 2, k: [9, 2], s: [1, 2], pad: [0, 1, 1, 0], bias: true },
  { h: 1, w: 2300, c: 1, k: [1, 3], mult: 16, pad: [0, 0, 1, 1] },
  { h: 183, w: 180, c: 2, k: [183, 181], pad: [1, 0, 1, 1], bias: true },
  { h: 6, w: 5, c: 7, k: [3, 3], mult: 2, weights: 'shared' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'leakyrelu', alpha: 0.25 },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'elu' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'sigmoid' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'tanh' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'softplus' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'hardsigmoid' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'hardswish' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'swish' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'gelu' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'gelutanh' },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'clip', alpha: -0.5, beta: 0.25 },
  { h: 4, w: 5, c: 17, k: [3, 3], bias: true, act: 'mish' },
];

opSuite('depthwise2d', lines.map(line));
