import { type Pair, span } from '../../geometry.js';
import {
  type Convolution,
  convolve,
  planar,
  sharedPermuted,
  withHeight,
  withoutHeight,
} from '../emit/convolve.js';
import { channelsFirst, channelsLast, onImages } from '../emit/image.js';
import { pad, reshape, slice } from '../emit/movement.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { transposedKnown } from '../known.js';
import type { NodeScope } from '../node-scope.js';
import type { Flowing, Known, Value } from '../value.js';
import {
  autoPad,
  explicitPads,
  groupsOf,
  perAxis,
  positivePerAxis,
  type SpatialWindow,
  splitPads,
} from './window.js';

/** A window with the cells that the output has beyond what the window reaches. */
interface TransposedWindow extends SpatialWindow {
  readonly more: readonly number[];
}

/** x [n, c, ...], weights [c, m / group, ...k] -> [n, m, ...] */
export function transposed(emit: Emitter, scope: NodeScope, x: Flowing, weights: Value): Flowing {
  const window = transposedWindow(scope, x.shape.slice(2).map(fixed), weights.shape.slice(2).map(fixed));
  const groups = groupsOf(scope);
  const convolution = { x, weights, bias: emit.inputs[2], groups, window };
  if (groups > 1 || rankOf(x) > 4) return byStretching(emit, convolution, window, emit.known(1));
  if (rankOf(x) === 4) return onPlane(emit, convolution, window.more as unknown as Pair);
  return withoutHeight(emit, onPlane(emit, withHeight(emit, convolution), [0, window.more[0] as number]));
}

function onPlane(emit: Emitter, { x, weights, bias, window }: Convolution, outputPadding: Pair): Flowing {
  const [channels = 1, filters = 1, kh = 1, kw = 1] = weights.shape.map(fixed);
  const kernel = sharedPermuted(emit, weights, [2, 3, 1, 0], [kh, kw, filters, channels]);
  const biases = bias ? [emit.shared(bias, 2, [filters])] : [];
  const attributes = { ...planar(window), outputPadding };
  const y = onImages(emit, 'convtranspose2d', attributes, channelsLast(emit, x), [kernel, ...biases]);
  return channelsFirst(emit, y);
}

/**
 * The length is (length - 1) stride - pads + dilation (k - 1) + 1 + output_padding; with `output_shape` or `auto_pad`
 * it is given (auto_pad: length * stride) and the pads follow.
 */
function transposedWindow(
  scope: NodeScope,
  input: readonly number[],
  kernel: readonly number[],
): TransposedWindow {
  const axes = input.length;
  const strides = positivePerAxis(scope, 'strides', axes);
  const dilations = positivePerAxis(scope, 'dilations', axes);
  const outputPadding = perAxis(scope, 'output_padding', axes, 0);
  const mode = autoPad(scope);
  const whole = input.map(
    (length, axis) =>
      (length - 1) * (strides[axis] as number) + span(kernel[axis] as number, dilations[axis] as number),
  );
  const same = mode.startsWith('SAME');
  const given = { kernel, strides, dilations };
  if (!same && !scope.has('output_shape')) {
    const none = input.map(() => 0);
    const pads = mode === 'VALID' ? { before: none, after: none } : explicitPads(scope, axes);
    return { ...given, ...pads, more: outputPadding };
  }
  const wanted = scope.has('output_shape')
    ? perAxis(scope, 'output_shape', axes, 0)
    : input.map((length, axis) => length * (strides[axis] as number));
  const totals = whole.map(
    (cells, axis) => cells + (outputPadding[axis] as number) - (wanted[axis] as number),
  );
  return {
    ...given,
    ...splitPads(
      totals.map((total) => Math.max(total, 0)),
      mode === 'SAME_UPPER',
    ),
    more: totals.map((total, axis) => (outputPadding[axis] as number) + Math.max(-total, 0)),
  };
}

/**
 * With groups, or over volumes: zeros between the cells of x make it an ordinary convolution with the window turned
 * round and stride 1.
 */
function byStretching(
  emit: Emitter,
  { x, bias, groups }: Convolution,
  window: TransposedWindow,
  weights: Known,
): Flowing {
  const reach = (axis: number): number =>
    span(window.kernel[axis] as number, window.dilations[axis] as number) - 1;
  const before = window.before.map((cells, axis) => reach(axis) - cells);
  const after = window.after.map((cells, axis) => reach(axis) - cells + (window.more[axis] as number));
  const stretched = window.strides.reduce((y, stride, axis) => stretch(emit, y, axis + 2, stride), x);
  const cropped = slice(
    emit,
    stretched,
    before.map((cells, axis) => {
      const cut = [Math.max(-cells, 0), Math.max(-(after[axis] as number), 0)] as const;
      const size = fixed(stretched.shape[axis + 2]) - cut[0] - cut[1];
      return { axis: axis + 2, begin: cut[0], size, step: 1 };
    }),
  );
  return convolve(emit, {
    x: cropped,
    weights: turned(weights, groups),
    bias,
    groups,
    window: {
      kernel: window.kernel,
      strides: window.kernel.map(() => 1),
      dilations: window.dilations,
      before: before.map((cells) => Math.max(cells, 0)),
      after: after.map((cells) => Math.max(cells, 0)),
    },
  });
}

/** `stride - 1` zeros between the cells along an axis. */
function stretch(emit: Emitter, x: Flowing, axis: number, stride: number): Flowing {
  if (stride === 1) return x;
  const length = fixed(x.shape[axis]);
  const apart = reshape(emit, x, x.shape.toSpliced(axis + 1, 0, 1));
  const pads = apart.shape.map((_, at): Pair => (at === axis + 1 ? [0, stride - 1] : [0, 0]));
  const padded = reshape(emit, pad(emit, apart, pads, 0), x.shape.with(axis, length * stride));
  return slice(emit, padded, [{ axis, begin: 0, size: (length - 1) * stride + 1, step: 1 }]);
}

/** [c, m / groups, ...k] -> [m, c / groups, ...k], each window from its end to its beginning. */
function turned(weights: Known, groups: number): Known {
  const [channels = 1, perGroup = 1, ...kernel] = weights.shape;
  const cells = kernel.reduce((all, length) => all * length, 1);
  const split = { ...weights, shape: [groups, channels / groups, perGroup, cells] };
  const { data, type } = transposedKnown(split, [0, 2, 1, 3]);
  for (let at = 0; at < data.length; at += cells) data.subarray(at, at + cells).reverse();
  return { kind: 'known', type, shape: [groups * perGroup, channels / groups, ...kernel], data };
}
