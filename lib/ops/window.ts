import type { Pair, Window } from '../geometry.js';
import type { Shaped } from './op.js';

/** The geometry fields of everything that slides a window over an image, in their order. */
export const windowInts = [
  'h',
  'w',
  'c',
  'oh',
  'ow',
  'oc',
  'kh',
  'kw',
  'sh',
  'sw',
  'dh',
  'dw',
  'pt',
  'pl',
] as const;

/** How a kernel lies: `hwio` [height, width, channels, filters] or `oihw` [filters, channels, height, width]. */
export interface KernelOrder {
  readonly kernelOrder?: 'hwio' | 'oihw' | undefined;
}

type WindowFields = Record<(typeof windowInts)[number], number>;

export function windowFields(
  { strides, padding, dilations }: Window,
  x: Shaped | undefined,
  y: Shaped | undefined,
  kernel: readonly number[] | Pair,
): WindowFields {
  const [h = 0, w = 0, c = 0] = x?.shape ?? [];
  const [oh = 0, ow = 0, oc = 0] = y?.shape ?? [];
  const [kh = 0, kw = 0] = kernel;
  const [[sh, sw], [dh, dw], [pt, , pl]] = [strides, dilations, padding];
  return { h, w, c, oh, ow, oc, kh, kw, sh, sw, dh, dw, pt, pl };
}
