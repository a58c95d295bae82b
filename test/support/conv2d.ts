import { actFields, nameOf, windowFields } from './geometry.js';
import type { Kind } from './step.js';
import type { Case } from './suite.js';
import { conv2d, resolve, type Window } from './windows.js';
import { winogradConv2d } from './winograd.js';

/** A convolution as a test case writes it. */
export interface Convolution extends Window {
  readonly weights?: Kind;
  readonly winograd?: 2 | 4;
}

export function convolution(spec: Convolution): Case {
  const { oh, ow, kh, kw } = resolve(spec);
  const oc = spec.oc as number;
  const groups = spec.groups ?? 1;
  const kind = spec.weights ?? 'constant';
  const bias = spec.bias === true;
  const { winograd } = spec;
  return {
    name: nameOf(spec),
    op: 'conv2d',
    act: spec,
    geometry: {
      ...windowFields(spec, oc),
      groups,
      bias: Number(bias),
      oihw: Number(spec.oihw ?? false),
      residual: Number(spec.residual ?? false),
      winograd: winograd ?? 0,
      ...actFields(spec),
    },
    inputs: [
      { size: spec.h * spec.w * spec.c, kind: 'sample' },
      { size: (kh * kw * spec.c * oc) / groups, kind },
      ...(bias ? [{ size: oc, kind }] : []),
      ...(spec.residual ? [{ size: oh * ow * oc, kind: 'sample' as const }] : []),
    ],
    outputs: [oh * ow * oc],
    // Tiles of 4 have irrational points.
    inexact: winograd === 4,
    reference: (inputs) => (winograd ? winogradConv2d(spec, winograd, inputs) : conv2d(spec, inputs)),
  };
}
