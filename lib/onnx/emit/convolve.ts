import type { Pair, Sides } from '../../geometry.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import type { SpatialWindow } from '../operators/window.js';
import type { Flowing, Value } from '../value.js';
import { channelsFirst, channelsLast, onImages } from './image.js';
import { concat, pad, permute, reshape, slice } from './movement.js';

/** The inputs of a convolution: the weights [m, c / groups, ...k] are input 1, the bias [m] input 2. */
export interface Convolution {
  readonly x: Flowing;
  readonly weights: Value;
  readonly bias: Value | undefined;
  readonly groups: number;
  readonly window: SpatialWindow;
}

/** x [n, c, ...] -> [n, m, ...] over one, two or three spatial axes. */
export function convolve(emit: Emitter, convolution: Convolution): Flowing {
  const { x } = convolution;
  switch (rankOf(x)) {
    case 3:
      return withoutHeight(emit, convolve(emit, withHeight(emit, convolution)));
    case 4:
      return channelsFirst(emit, images(emit, { ...convolution, x: channelsLast(emit, x) }));
    case 5:
      return channelsFirst(emit, volumes(emit, convolution));
    default:
      return emit.scope.fail(`expected 1 to 3 spatial axes, got ${rankOf(x) - 2}`);
  }
}

/** A line as an image of height 1. */
export function withHeight(emit: Emitter, convolution: Convolution): Convolution {
  const { x, weights, window } = convolution;
  return {
    ...convolution,
    x: reshape(emit, x, x.shape.toSpliced(2, 0, 1)),
    weights: reshape(emit, weights, weights.shape.toSpliced(2, 0, 1)),
    window: {
      kernel: [1, ...window.kernel],
      strides: [1, ...window.strides],
      dilations: [1, ...window.dilations],
      before: [0, ...window.before],
      after: [0, ...window.after],
    },
  };
}

export function withoutHeight(emit: Emitter, x: Flowing): Flowing {
  return reshape(emit, x, x.shape.toSpliced(2, 1));
}

/** The last two axes of a window as the ops want them. */
export function planar({ strides, dilations, before, after }: SpatialWindow): {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Sides;
} {
  const last = (list: readonly number[]): Pair => list.slice(-2) as [number, number];
  const [top, left] = last(before);
  const [bottom, right] = last(after);
  return { strides: last(strides), dilations: last(dilations), padding: [top, bottom, left, right] };
}

/** x [n, ..., h, w, c] -> [n, ..., oh, ow, m] */
function images(emit: Emitter, { x, weights, bias, groups, window }: Convolution): Flowing {
  const channels = x.shape.at(-1);
  const shape = weights.shape.map(fixed) as [number, number, number, number];
  const [filters, perGroup, kh, kw] = shape;
  const biases = bias ? [emit.shared(bias, 2, [filters])] : [];
  if (groups > 1 && groups === channels && perGroup === 1 && filters % groups === 0) {
    const kernel = sharedPermuted(emit, weights, [2, 3, 0, 1], [kh, kw, groups, filters / groups]);
    return onImages(emit, 'depthwise2d', planar(window), x, [kernel, ...biases]);
  }
  const attributes = { ...planar(window), groups, kernelOrder: 'oihw' };
  return onImages(emit, 'conv2d', attributes, x, [emit.shared(weights, 1, shape), ...biases]);
}

/** Weights with their axes in another order, and then under another shape. */
export function sharedPermuted(
  emit: Emitter,
  weights: Value,
  axes: readonly number[],
  shape: readonly number[],
): number {
  if (weights.kind === 'known') return emit.shared(permute(emit, weights, axes), 1, shape);
  const id = emit.shared(weights, 1, weights.shape.map(fixed));
  return reshape(emit, permute(emit, { ...weights, id }, axes), shape).id;
}

/**
 * x [n, c, d, h, w]: for every depth of the output, the slices of depth under the window lie side by side as channels,
 * and each is an image. Within a group the channels are [kd, c / groups], and so are the weights'.
 */
function volumes(emit: Emitter, convolution: Convolution): Flowing {
  const { x, weights, groups, window } = convolution;
  const [kd = 1] = window.kernel;
  const deep = slicesOfDepth(emit, channelsLast(emit, x), window);
  const inGroups = (y: Flowing): Flowing => {
    const channels = fixed(y.shape.at(-1));
    return reshape(emit, y, [...y.shape.slice(0, -1), groups, channels / groups]);
  };
  const channels = fixed(x.shape[1]);
  const side = groups === 1 ? concat(emit, deep, 4) : concat(emit, deep.map(inGroups), 5);
  const gathered = reshape(emit, side, [...side.shape.slice(0, 4), kd * channels]);
  const [filters = 1, perGroup = 1, , ...plane] = weights.shape.map(fixed);
  const flat = [filters, kd * perGroup, ...plane];
  const kernel: Value =
    weights.kind === 'known'
      ? reshape(emit, permute(emit, weights, [0, 2, 1, 3, 4]), flat)
      : { ...weights, shape: flat, id: sharedPermuted(emit, weights, [0, 2, 1, 3, 4], flat) };
  return images(emit, { ...convolution, x: gathered, weights: kernel });
}

/** x [n, d, h, w, c]: for each tap of the window along d, the slices [n, od, h, w, c] under it. */
function slicesOfDepth(emit: Emitter, x: Flowing, window: SpatialWindow): Flowing[] {
  const [[kd = 1], [sd = 1], [dd = 1]] = [window.kernel, window.strides, window.dilations];
  const [[front = 0], [back = 0]] = [window.before, window.after];
  const padded = pad(
    emit,
    x,
    [
      [0, 0],
      [front, back],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    0,
  );
  const depth = fixed(padded.shape[1]);
  const size = Math.floor((depth - dd * (kd - 1) - 1) / sd) + 1;
  if (size <= 0) {
    emit.scope.fail(`expected a window not larger than the padded input, got depth ${kd} on ${depth}`);
  }
  return Array.from({ length: kd }, (_, tap) =>
    slice(emit, padded, [{ axis: 1, begin: tap * dd, size, step: sd }]),
  );
}
