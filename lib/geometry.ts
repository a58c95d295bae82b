import { OptionError, ShapeError, show } from './errors.js';
import { maxElements } from './tensor.js';

/** [height, width] */
export type Pair = readonly [number, number];
/** Padding of the four sides. */
export type Sides = readonly [top: number, bottom: number, left: number, right: number];
/** 'valid', 'same', a number for all sides, or [[top, bottom], [left, right]]. */
export type Padding = 'valid' | 'same' | number | readonly [Pair, Pair];

/** How a window moves over an image. */
export interface Window {
  readonly strides: Pair;
  readonly padding: Sides;
  readonly dilations: Pair;
}

/** Cells that a dilated window spans: d (k - 1) + 1. */
export function span(window: number, dilation: number): number {
  return dilation * (window - 1) + 1;
}

/** One axis: w' = floor((w + p - d (k - 1) - 1) / s) + 1 with p cells of padding in all. */
function steps(size: number, padding: number, spanned: number, stride: number): number {
  return Math.floor((size + padding - spanned) / stride) + 1;
}

/**
 * Padding as numbers. 'same' is TensorFlow's: ceil(w / s) outputs, and where the padding is odd, the odd cell goes to
 * the bottom and to the right.
 */
export function sides(padding: Padding, input: Pair, kernel: Pair, strides: Pair, dilations: Pair): Sides {
  if (padding !== 'same') return explicit(padding);
  const [vertical, horizontal] = both((axis) => {
    const outputs = Math.ceil(input[axis] / strides[axis]);
    return Math.max((outputs - 1) * strides[axis] + span(kernel[axis], dilations[axis]) - input[axis], 0);
  });
  return [...split(vertical), ...split(horizontal)];
}

/**
 * The same for a transposed convolution, whose output has (w - 1) s - p + d (k - 1) + 1 + outputPadding cells. Without
 * `outputPadding`, 'same' gives w s cells and 'valid' at least as many, as TensorFlow and Keras do.
 */
export function transposedSides(
  padding: Padding,
  kernel: Pair,
  strides: Pair,
  dilations: Pair,
  outputPadding?: Pair,
): { readonly padding: Sides; readonly outputPadding: Pair } {
  const missing = both((axis) => Math.max(strides[axis] - span(kernel[axis], dilations[axis]), 0));
  if (padding !== 'same') {
    return {
      padding: explicit(padding),
      outputPadding: outputPadding ?? (padding === 'valid' ? missing : [0, 0]),
    };
  }
  if (!outputPadding) {
    const [vertical, horizontal] = both((axis) =>
      Math.max(span(kernel[axis], dilations[axis]) - strides[axis], 0),
    );
    return { padding: [...split(vertical), ...split(horizontal)], outputPadding: missing };
  }
  // Keras: half a window on each side, less what the output is to be longer.
  const around = both(
    (axis) => 2 * Math.floor(span(kernel[axis], dilations[axis]) / 2) - outputPadding[axis],
  );
  const [vertical, horizontal] = both((axis) => Math.max(around[axis], 0));
  return {
    padding: [...split(vertical), ...split(horizontal)],
    outputPadding: both((axis) => Math.max(-around[axis], 0)),
  };
}

function explicit(padding: 'valid' | number | readonly [Pair, Pair]): Sides {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (typeof padding === 'number') return [padding, padding, padding, padding];
  return [...padding[0], ...padding[1]];
}

function split(total: number): Pair {
  const before = Math.floor(total / 2);
  return [before, total - before];
}

function both(of: (axis: 0 | 1) => number): Pair {
  return [of(0), of(1)];
}

const axisNames = ['height', 'width'] as const;

/**
 * Places of a window on an image, [height, width]. With `ceilMode` a last window may reach over the end by less than a
 * stride, if it starts inside the image or the padding before it (as in PyTorch).
 * Throws OptionError for a window that is none, ShapeError where it does not fit.
 */
export function windowPlaces(input: Pair, kernel: Pair, window: Window, ceilMode = false): Pair {
  checkWindow(kernel, window);
  return both((axis) => {
    const stride = window.strides[axis];
    const [before, after] = [window.padding[2 * axis] as number, window.padding[2 * axis + 1] as number];
    const spanned = span(kernel[axis], window.dilations[axis]);
    const padded = input[axis] + before + after;
    const rest = padded - spanned;
    if (rest < 0 && !(ceilMode && rest > -stride)) {
      throw new ShapeError(
        `expected a window not larger than the padded input, got ${axisNames[axis]} ${spanned} on ${padded}`,
      );
    }
    let places = steps(input[axis], before + after, spanned, stride);
    // One place more has a rest under it; it counts if it starts before the end.
    if (ceilMode && rest % stride !== 0 && places * stride < input[axis] + before) places += 1;
    fits(axis, Math.max(padded, (places - 1) * stride + spanned));
    return places;
  });
}

/** [height, width] of what a transposed convolution gives. */
export function transposedSize(input: Pair, kernel: Pair, window: Window, outputPadding: Pair): Pair {
  checkWindow(kernel, window);
  return both((axis) => {
    const stride = window.strides[axis];
    const more = natural('outputPadding', outputPadding[axis]);
    if (more > 0 && more >= Math.max(stride, window.dilations[axis])) {
      throw new OptionError(
        `expected outputPadding to be smaller than the stride or the dilation, got ${more}`,
      );
    }
    const [before, after] = [window.padding[2 * axis] as number, window.padding[2 * axis + 1] as number];
    const whole = (input[axis] - 1) * stride + span(kernel[axis], window.dilations[axis]) + more;
    fits(axis, whole);
    const size = whole - before - after;
    if (size <= 0) throw new ShapeError(`expected an output of positive ${axisNames[axis]}, got ${size}`);
    return size;
  });
}

function checkWindow(kernel: Pair, { strides, padding, dilations }: Window): void {
  for (const axis of [0, 1] as const) {
    positive('kernelSize', kernel[axis]);
    positive('strides', strides[axis]);
    positive('dilations', dilations[axis]);
  }
  for (const side of [0, 1, 2, 3] as const) natural('padding', padding[side]);
}

/** Positions inside a padded image are int32 in the kernels. */
function fits(axis: 0 | 1, cells: number): void {
  if (cells > maxElements) {
    throw new ShapeError(
      `expected padded ${axisNames[axis]} and dilated window to be below 2^31 cells, got ${cells}`,
    );
  }
}

export function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= maxElements) return value;
  throw new OptionError(`expected ${name} to be a positive integer, got ${show(value)}`);
}

export function natural(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maxElements) return value;
  throw new OptionError(`expected ${name} to be a non-negative integer, got ${show(value)}`);
}

/** The number of elements of a shape; a ShapeError where a length is none, or the kernels' int32 cannot count them. */
export function elements(shape: readonly number[]): number {
  let product = 1;
  for (const length of shape) {
    if (!Number.isInteger(length) || length <= 0) {
      throw new ShapeError(`expected positive integers as lengths, got shape [${shape.join(', ')}]`);
    }
    product *= length;
    if (product > maxElements)
      throw new ShapeError(`expected fewer than 2^31 elements, got shape [${shape.join(', ')}]`);
  }
  return product;
}
