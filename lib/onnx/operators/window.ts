import { span } from '../../geometry.js';
import type { NodeScope } from '../node-scope.js';

/** How a window moves along each spatial axis. */
export interface SpatialWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * The attributes of a windowed operator over the spatial lengths `input`. `auto_pad` SAME_UPPER and SAME_LOWER give
 * ceil(length / stride) places; an odd cell goes to the end or to the beginning.
 */
export function windowOf(
  scope: NodeScope,
  input: readonly number[],
  kernel: readonly number[],
): SpatialWindow {
  const strides = positivePerAxis(scope, 'strides', input.length);
  const dilations = positivePerAxis(scope, 'dilations', input.length);
  if (kernel.length !== input.length || kernel.some((cells) => cells < 1)) {
    scope.fail(`expected a window of ${input.length} positive lengths, got [${kernel.join(', ')}]`);
  }
  return { kernel, strides, dilations, ...padsOf(scope, input, kernel, strides, dilations) };
}

/** An attribute with one positive number per spatial axis. */
export function perAxis(scope: NodeScope, name: string, axes: number, fallback: number): readonly number[] {
  const list = scope.ints(
    name,
    Array.from({ length: axes }, () => fallback),
  );
  if (list.length !== axes) scope.fail(`expected ${name} to have ${axes} numbers, got [${list.join(', ')}]`);
  return list;
}

/** The same, each of the numbers being 1 or more. */
export function positivePerAxis(scope: NodeScope, name: string, axes: number): readonly number[] {
  const list = perAxis(scope, name, axes, 1);
  if (list.some((value) => value < 1)) {
    scope.fail(`expected ${name} to be positive, got [${list.join(', ')}]`);
  }
  return list;
}

function padsOf(
  scope: NodeScope,
  input: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Pick<SpatialWindow, 'before' | 'after'> {
  const mode = autoPad(scope);
  const none = input.map(() => 0);
  if (mode === 'VALID') return { before: none, after: none };
  if (mode === 'NOTSET') return explicitPads(scope, input.length);
  const totals = input.map((length, axis) => {
    const stride = strides[axis] as number;
    const covered = (Math.ceil(length / stride) - 1) * stride;
    return Math.max(covered + span(kernel[axis] as number, dilations[axis] as number) - length, 0);
  });
  return splitPads(totals, mode === 'SAME_UPPER');
}

export function groupsOf(scope: NodeScope): number {
  const groups = scope.int('group', 1);
  return groups > 0 ? groups : scope.fail(`expected group to be positive, got ${groups}`);
}

/** Cells of padding shared out to both sides. */
export function splitPads(
  totals: readonly number[],
  upper: boolean,
): Pick<SpatialWindow, 'before' | 'after'> {
  const less = totals.map((total) => Math.floor(total / 2));
  const more = totals.map((total) => Math.ceil(total / 2));
  return upper ? { before: less, after: more } : { before: more, after: less };
}

/** The attribute `pads`: all beginnings, then all ends. */
export function explicitPads(scope: NodeScope, axes: number): Pick<SpatialWindow, 'before' | 'after'> {
  const pads = perAxis(scope, 'pads', 2 * axes, 0);
  return { before: pads.slice(0, axes), after: pads.slice(axes) };
}

const modes: readonly string[] = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'];

export function autoPad(scope: NodeScope): string {
  const mode = scope.string('auto_pad', 'NOTSET') || 'NOTSET';
  if (!modes.includes(mode)) scope.fail(`expected auto_pad to be one of ${modes.join(', ')}, got ${mode}`);
  return mode;
}
