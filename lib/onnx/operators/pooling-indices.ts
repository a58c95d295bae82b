import type { Pair } from '../../geometry.js';
import { sizeOf } from '../../tensor.js';
import { binary, scalar, unary } from '../emit/elementwise.js';
import { concat, pad, reshape, slice } from '../emit/movement.js';
import { reduce } from '../emit/reduce.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import type { Flowing, Known } from '../value.js';
import type { SpatialWindow } from './window.js';

/** Each cell of a window is a value of its own here. */
const maxTaps = 1024;

/**
 * Where in x [n, c, ...] each maximum of y lies, counted over all of x. The taps of the window are laid side by side,
 * and the number of the largest one gives the place within the window.
 */
export function maxIndices(
  emit: Emitter,
  x: Flowing,
  y: Flowing,
  window: SpatialWindow,
  columnsFirst: boolean,
): Flowing {
  const taps = sizeOf(window.kernel);
  if (taps > maxTaps) emit.scope.fail(`expected a window of at most ${maxTaps} cells, got ${taps}`);
  const tap = largestTap(emit, x, y, window);
  const lengths = x.shape.map(fixed);
  const steps = stepsOf(lengths.slice(2), columnsFirst);
  const first = firstIndices(y.shape.map(fixed), lengths, window, steps);
  // From the last axis of the window to the first: the rest of a division is the place along it.
  let rest = tap;
  let index: Flowing | undefined;
  for (let axis = window.kernel.length - 1; axis >= 0; axis--) {
    const size = scalar(window.kernel[axis] as number);
    const place = binary(emit, 'mod', rest, size);
    const step = (window.dilations[axis] as number) * (steps[axis] as number);
    const part = binary(emit, 'multiply', place, scalar(step));
    index = index ? binary(emit, 'add', index, part) : part;
    rest = unary(emit, binary(emit, 'divide', rest, size), 'floor');
  }
  return binary(emit, 'add', index ?? tap, first, 'int64');
}

/** From one cell to the next along each spatial axis. */
function stepsOf(spatial: readonly number[], columnsFirst: boolean): number[] {
  return spatial.map((_, axis) => sizeOf(columnsFirst ? spatial.slice(0, axis) : spatial.slice(axis + 1)));
}

/** The number of the largest cell in each window, row-major. */
function largestTap(emit: Emitter, x: Flowing, y: Flowing, window: SpatialWindow): Flowing {
  const places = y.shape.slice(2).map(fixed);
  const reach = (axis: number): number =>
    ((places[axis] as number) - 1) * (window.strides[axis] as number) +
    (window.dilations[axis] as number) * ((window.kernel[axis] as number) - 1) +
    1;
  const pads = x.shape.map((length, axis): Pair => {
    if (axis < 2) return [0, 0];
    const before = window.before[axis - 2] as number;
    return [before, Math.max(reach(axis - 2) - before - fixed(length), 0)];
  });
  const padded = pad(emit, x, pads, Number.NEGATIVE_INFINITY);
  const taps = Array.from({ length: sizeOf(window.kernel) }, (_, tap) => {
    const cell = slice(
      emit,
      padded,
      places.map((size, axis) => {
        const place =
          Math.floor(tap / sizeOf(window.kernel.slice(axis + 1))) % (window.kernel[axis] as number);
        const begin = place * (window.dilations[axis] as number);
        return { axis: axis + 2, begin, size, step: window.strides[axis] as number };
      }),
    );
    return reshape(emit, cell, [...cell.shape, 1]);
  });
  return reduce(emit, 'argmax', concat(emit, taps, rankOf(x)), [rankOf(x)], false);
}

/** The index of each window's first cell, which may lie in the padding. */
function firstIndices(
  shape: readonly number[],
  input: readonly number[],
  window: SpatialWindow,
  steps: readonly number[],
): Known {
  const plane = sizeOf(shape.slice(2));
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const inPlane = shape.slice(2).reduce((sum, length, axis) => {
      const place = Math.floor(i / sizeOf(shape.slice(axis + 3))) % length;
      const cell = place * (window.strides[axis] as number) - (window.before[axis] as number);
      return sum + cell * (steps[axis] as number);
    }, 0);
    return Math.floor(i / plane) * sizeOf(input.slice(2)) + inPlane;
  });
  return { kind: 'known', type: 'float32', shape, data };
}
