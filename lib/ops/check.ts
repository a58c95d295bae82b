import { OptionError, ShapeError, show } from '../errors.js';
import { elements, type Pair } from '../geometry.js';
import { type Activated, activations } from './activation.js';
import type { Shaped } from './op.js';
import type { KernelOrder } from './window.js';

/** Shape rules in one line each, shared by the ops. Messages begin with the rule. */

export function listed(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** The input at `index`, which has to be there. */
export function input(inputs: readonly Shaped[], index: number, name: string): Shaped {
  const found = inputs[index];
  if (!found) throw new ShapeError(`expected an input ${name}, got ${inputs.length} inputs`);
  return found;
}

export function inputCount(inputs: readonly Shaped[], least: number, most = least): void {
  if (inputs.length >= least && inputs.length <= most) return;
  const rule = least === most ? `${least}` : `${least} to ${most}`;
  throw new ShapeError(`expected ${rule} inputs, got ${inputs.length}`);
}

/** An image [height, width, channels]. */
export function image(inputs: readonly Shaped[]): {
  readonly size: Pair;
  readonly channels: number;
  readonly perSample: boolean;
} {
  const { shape, perSample } = input(inputs, 0, 'x');
  if (shape.length !== 3)
    throw new ShapeError(`expected an input [height, width, channels], got ${listed(shape)}`);
  elements(shape);
  const [height, width, channels] = shape as [number, number, number];
  return { size: [height, width], channels, perSample };
}

/** Weights of a given rank, which exist once for the batch, or, with `own`, maybe once for each sample. */
export function weights(
  inputs: readonly Shaped[],
  index: number,
  name: string,
  rule: string,
  rank: number,
  own = false,
): number[] {
  const { shape, perSample } = input(inputs, index, name);
  if (perSample && !own)
    throw new ShapeError(`expected ${name} to be shared by the batch, got one per sample`);
  if (shape.length !== rank) throw new ShapeError(`expected ${name} to be ${rule}, got ${listed(shape)}`);
  elements(shape);
  return [...shape];
}

/** A kernel in one of its two orders, of which `rules` names the axes; given back as [height, width, channels, filters]. */
export function kernel(
  inputs: readonly Shaped[],
  { kernelOrder = 'hwio' }: KernelOrder,
  rules: Readonly<Record<'hwio' | 'oihw', string>>,
  own = false,
): readonly [number, number, number, number] {
  if (kernelOrder !== 'hwio' && kernelOrder !== 'oihw') {
    throw new OptionError(`expected kernelOrder to be hwio or oihw, got ${show(kernelOrder)}`);
  }
  const shape = weights(inputs, 1, 'kernel', rules[kernelOrder], 4, own) as [number, number, number, number];
  const [o, i, h, w] = shape;
  return kernelOrder === 'hwio' ? shape : [h, w, i, o];
}

/** A vector with one number per channel, where the input is there. */
export function vector(inputs: readonly Shaped[], index: number, name: string, length: number): void {
  const { shape, perSample } = input(inputs, index, name);
  if (perSample) throw new ShapeError(`expected ${name} to be shared by the batch, got one per sample`);
  if (shape.length !== 1 || shape[0] !== length) {
    throw new ShapeError(`expected ${name} of shape [${length}], got ${listed(shape)}`);
  }
}

/** One output, its elements counted. */
export function output(shape: readonly number[], perSample: boolean): readonly Shaped[] {
  elements(shape);
  return [{ shape, perSample }];
}

export function axisOf(name: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= 0 && axis < rank) return axis;
  throw new OptionError(`expected ${name} to be from 0 to ${rank - 1}, got ${show(axis)}`);
}

export function checkActivation({ activation = 'none', alpha = 0, beta = 0 }: Activated): void {
  if (!activations.includes(activation)) {
    throw new OptionError(
      `expected activation to be one of ${activations.join(', ')}, got ${show(activation)}`,
    );
  }
  for (const [name, value] of Object.entries({ alpha, beta })) {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw new OptionError(`expected ${name} to be a number, got ${show(value)}`);
    }
  }
}

/** Product of a part of a shape. */
export function product(shape: readonly number[], begin = 0, end = shape.length): number {
  return shape.slice(begin, end).reduce((all, length) => all * length, 1);
}

/** Neighbouring axes, in any order: the first one and the one behind the last. */
export function axisRange(axes: readonly number[], shape: readonly number[]): readonly [number, number] {
  const sorted = axes.map((axis) => axisOf('axes', axis, shape.length)).toSorted((a, b) => a - b);
  const [first] = sorted;
  if (first === undefined) throw new OptionError('expected axes to name one axis or more, got none');
  if (sorted.some((axis, i) => axis !== first + i)) {
    throw new ShapeError(`expected axes that lie side by side, got ${listed(axes)}`);
  }
  return [first, first + sorted.length];
}

/** A shape as the kernels that work along axes `first` to `end` see it. */
export function slab(
  shape: readonly number[],
  [first, end]: readonly [number, number],
): { readonly outer: number; readonly size: number; readonly inner: number } {
  return { outer: product(shape, 0, first), size: product(shape, first, end), inner: product(shape, end) };
}
