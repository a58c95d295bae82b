import { OptionError, ShapeError, show } from '../errors.js';
import { elements, natural, type Pair, positive } from '../geometry.js';
import { axisOf, listed } from './check.js';
import { rowMajor, type Strided } from './strided.js';

/** A walk over input (first strides) and output (second), and where each begins. */
export interface Walk extends Strided {
  readonly shape: readonly number[];
  readonly from?: number;
  readonly to?: number;
  readonly value?: number;
}

function sameRank(name: string, given: readonly unknown[], shape: readonly number[]): void {
  if (given.length === shape.length) return;
  throw new ShapeError(
    `expected ${name} for the ${shape.length} axes of ${listed(shape)}, got ${given.length}`,
  );
}

/** Axis i of the output is axis `axes[i]` of the input. */
export function permuted(axes: readonly number[], shape: readonly number[]): Walk {
  const strides = rowMajor(shape);
  sameRank('axes', axes, shape);
  for (const axis of axes) axisOf('axes', axis, shape.length);
  if (new Set(axes).size < axes.length) throw new OptionError(`expected each axis once, got ${listed(axes)}`);
  const lengths = axes.map((axis) => shape[axis] as number);
  return {
    shape: lengths,
    lengths,
    strides: [axes.map((axis) => strides[axis] as number), rowMajor(lengths)],
  };
}

/** [before, after] cells of `value` per axis. */
export function padded(pads: readonly Pair[], value: number, shape: readonly number[]): Walk {
  sameRank('pads', pads, shape);
  for (const pad of pads) for (const cells of pad) natural('pads', cells);
  if (typeof value !== 'number') throw new OptionError(`expected value to be a number, got ${show(value)}`);
  const whole = shape.map((length, axis) => length + (pads[axis]?.[0] ?? 0) + (pads[axis]?.[1] ?? 0));
  elements(whole);
  const outer = rowMajor(whole);
  const to = outer.reduce((sum, stride, axis) => sum + stride * (pads[axis]?.[0] ?? 0), 0);
  return { shape: whole, lengths: shape, strides: [rowMajor(shape), outer], to, value };
}

/** Each pixel of [h, w, c] `up` times `across` times. */
export function upsampled([up, across]: Pair, shape: readonly number[]): Walk {
  positive('size', up);
  positive('size', across);
  if (shape.length !== 3)
    throw new ShapeError(`expected an input [height, width, channels], got ${listed(shape)}`);
  const [h, w, c] = shape as [number, number, number];
  const lengths = [h, up, w, across, c];
  return {
    shape: [h * up, w * across, c],
    lengths,
    strides: [[w * c, 0, c, 0, 1], rowMajor(lengths)],
  };
}

/** `size[i]` elements of axis i from `begin[i]` on, `step[i]` apart. */
export function sliced(
  begin: readonly number[],
  size: readonly number[],
  given: readonly number[] | undefined,
  shape: readonly number[],
): Walk {
  const step = given ?? shape.map(() => 1);
  sameRank('begin', begin, shape);
  sameRank('size', size, shape);
  sameRank('step', step, shape);
  shape.forEach((length, axis) => {
    const [first, by] = [natural('begin', begin[axis] as number), step[axis] as number];
    if (!Number.isInteger(by) || by === 0) {
      throw new OptionError(`expected step to be an integer other than 0, got ${show(by)}`);
    }
    const final = first + by * (positive('size', size[axis] as number) - 1);
    const end = Math.max(first, final) + 1;
    if (end > length || final < 0) {
      const reached = final < 0 ? `its last element at ${final}` : `its end at ${end}`;
      throw new ShapeError(`expected a slice inside axis ${axis} of ${listed(shape)}, got ${reached}`);
    }
  });
  const strides = rowMajor(shape);
  const from = strides.reduce((sum, stride, axis) => sum + stride * (begin[axis] as number), 0);
  const steps = strides.map((stride, axis) => stride * (step[axis] as number));
  return { shape: size, lengths: size, strides: [steps, rowMajor(size)], from };
}

/** Broadcast to `whole` as in NumPy: stride 0 repeats. */
export function expanded(whole: readonly number[], shape: readonly number[]): Walk {
  elements(whole);
  const missing = whole.length - shape.length;
  const fits = shape.every((length, axis) => length === 1 || length === whole[axis + missing]);
  if (missing < 0 || !fits) {
    throw new ShapeError(`expected a shape that ${listed(shape)} broadcasts to, got ${listed(whole)}`);
  }
  const strides = rowMajor(shape);
  const along = whole.map((_, axis) =>
    (shape[axis - missing] ?? 1) === 1 ? 0 : (strides[axis - missing] as number),
  );
  return { shape: whole, lengths: whole, strides: [along, rowMajor(whole)] };
}

/** `repeats[i]` copies along axis i: each axis becomes two, of which the outer one repeats. */
export function tiled(repeats: readonly number[], shape: readonly number[]): Walk {
  sameRank('repeats', repeats, shape);
  for (const times of repeats) positive('repeats', times);
  const strides = rowMajor(shape);
  const lengths = shape.flatMap((length, axis) => [repeats[axis] as number, length]);
  return {
    shape: shape.map((length, axis) => length * (repeats[axis] as number)),
    lengths,
    strides: [strides.flatMap((stride) => [0, stride]), rowMajor(lengths)],
  };
}
