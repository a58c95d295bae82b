import { activate } from './activation.js';
import { type Expected, sumBound } from './bounds.js';
import { actFields, nameOf, windowFields } from './geometry.js';
import type { Kind } from './step.js';
import type { Case } from './suite.js';
import { conv2d, resolve, type Window } from './windows.js';
import { winogradConv2d } from './winograd.js';

/** A convolution as a test case writes it. */
export interface Convolution extends Window {
  readonly weights?: Kind;
  readonly winograd?: 2 | 4;
  readonly pool?: 'max' | 'average';
}

export function convolution(spec: Convolution): Case {
  const { oh, ow, kh, kw } = resolve(spec);
  const oc = spec.oc as number;
  const groups = spec.groups ?? 1;
  const kind = spec.weights ?? 'constant';
  const bias = spec.bias === true;
  const { winograd, pool } = spec;
  return {
    name: nameOf(spec),
    op: 'conv2d',
    // The activation comes before the pooling.
    ...(pool ? {} : { act: spec }),
    geometry: {
      ...windowFields(spec, oc),
      groups,
      bias: Number(bias),
      oihw: Number(spec.oihw ?? false),
      residual: Number(spec.residual ?? false),
      winograd: winograd ?? 0,
      pool: [undefined, 'max', 'average'].indexOf(pool),
      ...actFields(spec),
    },
    inputs: [
      { size: spec.h * spec.w * spec.c, kind: 'sample' },
      { size: (kh * kw * spec.c * oc) / groups, kind },
      ...(bias ? [{ size: oc, kind }] : []),
      ...(spec.residual ? [{ size: oh * ow * oc, kind: 'sample' as const }] : []),
    ],
    outputs: [pool ? Math.floor(oh / 2) * Math.floor(ow / 2) * oc : oh * ow * oc],
    // Tiles of 4 have irrational points, and so are the values of most functions.
    inexact: winograd === 4 || (pool !== undefined && ![undefined, 'relu'].includes(spec.act)),
    reference: (inputs) => {
      if (winograd) return winogradConv2d(spec, winograd, inputs);
      return pool ? pooled(spec, pool, conv2d(spec, inputs)) : conv2d(spec, inputs);
    },
  };
}

/** The activation of a reference, and then the largest or the mean of 2 x 2 pixels; a mean has three more sums. */
function pooled(spec: Convolution, pool: 'max' | 'average', sums: Expected): Expected {
  const { oh, ow } = resolve(spec);
  const oc = spec.oc as number;
  const terms = sums.terms + 3;
  const { values: before, bound } = activate(spec, sums.values, sumBound(sums));
  const [rows, columns] = [Math.floor(oh / 2), Math.floor(ow / 2)];
  const values = new Float64Array(rows * columns * oc);
  const magnitude = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const [row, column] = [Math.floor(at / oc / columns), Math.floor(at / oc) % columns];
    const cells = [0, 1, ow, ow + 1].map((cell) => (2 * row * ow + 2 * column + cell) * oc + (at % oc));
    const [own, slack] = [before, bound].map((all) => cells.map((cell) => all[cell] as number)) as [
      number[],
      number[],
    ];
    const mean = (all: number[]) => all.reduce((sum, value) => sum + value, 0) / 4;
    values[at] = pool === 'max' ? Math.max(...own) : mean(own);
    // What sumBound makes the slack of the cells, and of the mean's own sums.
    const given = (pool === 'max' ? Math.max(...slack) : mean(slack)) / (2 * terms * 2 ** -24);
    magnitude[at] = given + (pool === 'max' ? 0 : (mean(own.map(Math.abs)) * 3) / terms);
  }
  return { values, magnitude, terms };
}
