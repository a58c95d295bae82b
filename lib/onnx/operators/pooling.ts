import type { Pair } from '../../geometry.js';
import type { Reduction } from '../../ops/index.js';
import { planar } from '../emit/convolve.js';
import { binary, scalar, unary } from '../emit/elementwise.js';
import { channelsFirst, channelsLast, onImages } from '../emit/image.js';
import { reshape } from '../emit/movement.js';
import { reduce } from '../emit/reduce.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import type { Flowing } from '../value.js';
import { maxIndices } from './pooling-indices.js';
import type { Rule } from './rule.js';
import { autoPad, type SpatialWindow, windowOf } from './window.js';

interface Pooling {
  readonly op: 'maxpool2d' | 'averagepool2d';
  readonly window: SpatialWindow;
  readonly ceilMode: boolean;
  readonly includePadding: boolean;
}

const maxPool: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const pooling = poolingOf(emit, x, 'maxpool2d');
  const y = pool(emit, x, pooling);
  if (!emit.uses(1)) return [y];
  return [y, maxIndices(emit, x, y, pooling.window, scope.int('storage_order', 0) === 1)];
};

const averagePool: Rule = (emit) => {
  const x = emit.flow(0);
  return [pool(emit, x, poolingOf(emit, x, 'averagepool2d'))];
};

/** (sum of |x|^p over the window)^(1 / p): a mean that counts the padding, times the cells of a window. */
const lpPool: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const pooling = { ...poolingOf(emit, x, 'averagepool2d'), includePadding: true };
  if (pooling.ceilMode) scope.fail('expected ceil_mode to be 0, got 1');
  const p = scalar(scope.has('p') ? scope.int('p') : 2);
  const powers = binary(emit, 'power', unary(emit, x, 'abs'), p);
  const cells = pooling.window.kernel.reduce((all, length) => all * length, 1);
  const sums = binary(emit, 'multiply', pool(emit, powers, pooling), scalar(cells));
  return [binary(emit, 'power', sums, scalar(1 / (p.data[0] as number)))];
};

function poolingOf(emit: Emitter, x: Flowing, op: Pooling['op']): Pooling {
  const { scope } = emit;
  const window = windowOf(scope, x.shape.slice(2).map(fixed), scope.ints('kernel_shape'));
  return {
    op,
    window,
    ceilMode: scope.int('ceil_mode', 0) === 1 && autoPad(scope) === 'NOTSET',
    includePadding: scope.int('count_include_pad', 0) === 1,
  };
}

/** x [n, c, ...] over one, two or three spatial axes. Pooling is separable: a volume is pooled by planes, then by depth. */
function pool(emit: Emitter, x: Flowing, pooling: Pooling): Flowing {
  const { window } = pooling;
  switch (rankOf(x)) {
    case 3: {
      const line = onLine(window, 'width', 0);
      const image = reshape(emit, x, x.shape.toSpliced(2, 0, 1));
      const y = pool(emit, image, { ...pooling, window: line });
      return reshape(emit, y, y.shape.toSpliced(2, 1));
    }
    case 4:
      return channelsFirst(emit, planes(emit, channelsLast(emit, x), pooling));
    case 5: {
      const flat = planes(emit, channelsLast(emit, x), pooling);
      const [n = 1, d = 1, oh, ow, c = 1] = flat.shape;
      const side = reshape(emit, flat, [n, d, fixed(oh) * fixed(ow), c]);
      const deep = planes(emit, side, { ...pooling, window: onLine(window, 'height', 0) });
      return channelsFirst(emit, reshape(emit, deep, [n, fixed(deep.shape[1]), fixed(oh), fixed(ow), c]));
    }
    default:
      return emit.scope.fail(`expected 1 to 3 spatial axes, got ${rankOf(x) - 2}`);
  }
}

/** One axis of a window as a window over an image of which the other axis has length 1 or is left alone. */
function onLine(window: SpatialWindow, along: 'height' | 'width', axis: number): SpatialWindow {
  const place = (value: number | undefined, other: number): Pair =>
    along === 'height' ? [value as number, other] : [other, value as number];
  return {
    kernel: place(window.kernel[axis], 1),
    strides: place(window.strides[axis], 1),
    dilations: place(window.dilations[axis], 1),
    before: place(window.before[axis], 0),
    after: place(window.after[axis], 0),
  };
}

/** The last two axes of the window: x [n, ..., h, w, c] -> [n, ..., oh, ow, c] */
function planes(emit: Emitter, x: Flowing, { op, window, ceilMode, includePadding }: Pooling): Flowing {
  const poolSize = window.kernel.slice(-2) as unknown as Pair;
  const include = op === 'averagepool2d' ? { includePadding } : {};
  return onImages(emit, op, { ...planar(window), poolSize, ceilMode, ...include }, x);
}

/** Over all spatial axes, which stay with length 1. */
function globally(kind: Reduction): Rule {
  return (emit) => {
    const x = emit.flow(0, 3);
    return [reduce(emit, kind, x, spatialAxes(x), true)];
  };
}

const globalLpPool: Rule = (emit, scope) => {
  const x = emit.flow(0, 3);
  const p = scope.has('p') ? scope.int('p') : 2;
  const powers = binary(emit, 'power', unary(emit, x, 'abs'), scalar(p));
  return [binary(emit, 'power', reduce(emit, 'sum', powers, spatialAxes(x), true), scalar(1 / p))];
};

function spatialAxes(x: Flowing): number[] {
  return Array.from({ length: rankOf(x) - 2 }, (_, i) => i + 2);
}

export const pooling: Readonly<Record<string, Rule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalMaxPool: globally('max'),
  GlobalAveragePool: globally('mean'),
  GlobalLpPool: globalLpPool,
};
