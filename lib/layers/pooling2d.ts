import { type Pair, sides } from '../geometry.js';
import type { AveragePool2dAttributes, Pool2dAttributes } from '../ops/index.js';
import { boolean, type Options, type Padding, padding, pair, readOptions } from '../options.js';
import type { PaddingOption, PairOption } from './convolution.js';
import { common, imageShape, type Layer, type LayerOptions, type LayerScope, makeLayer } from './layer.js';

export interface MaxPooling2dOptions extends LayerOptions {
  /** 2 */
  readonly poolSize?: PairOption | undefined;
  /** The pool size. */
  readonly strides?: PairOption | undefined;
  /** 'valid' */
  readonly padding?: PaddingOption | undefined;
  /** Whether a last window may reach over the end, as in PyTorch: false. */
  readonly ceilMode?: boolean | undefined;
}

export interface AveragePooling2dOptions extends MaxPooling2dOptions {
  /** Whether padding counts as zeros: false. */
  readonly countIncludePad?: boolean | undefined;
}

const names = [...common, 'poolSize', 'strides', 'padding', 'ceilMode'] as const;

/**
 * The largest number of each window. Padding never wins; NaN does.
 *
 * Shape: [h, w, c] -> [h', w', c] with h' = floor((h + top + bottom - poolSize) / stride) + 1 (ceil with `ceilMode`).
 * Errors: OptionError for an option that breaks its rule; in a model a ShapeError where the window is larger than the
 * padded input.
 */
export function maxPooling2d(options: MaxPooling2dOptions = {}): Layer {
  const type = 'maxPooling2d';
  const given = readOptions(type, options, names);
  const pooling = readPooling(type, given);
  return makeLayer(type, given, pooling, (scope, [x = 0]) =>
    scope.node('maxpool2d', poolOf(scope, x, pooling) satisfies Pool2dAttributes, [x]),
  );
}

/**
 * The mean of each window. Only cells of the image count, so that windows at the border average fewer numbers; with
 * `countIncludePad` padded cells count as zeros, but not what lies beyond the padding in `ceilMode`.
 *
 * Shape: as for maxPooling2d.
 * Errors: as for maxPooling2d.
 */
export function averagePooling2d(options: AveragePooling2dOptions = {}): Layer {
  const type = 'averagePooling2d';
  const given = readOptions(type, options, [...names, 'countIncludePad']);
  const pooling = readPooling(type, given);
  const countIncludePad = boolean(type, 'countIncludePad', given.countIncludePad, false);
  return makeLayer(type, given, { ...pooling, countIncludePad }, (scope, [x = 0]) => {
    const attributes = { ...poolOf(scope, x, pooling), includePadding: countIncludePad };
    return scope.node('averagepool2d', attributes satisfies AveragePool2dAttributes, [x]);
  });
}

interface Pooling {
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly ceilMode: boolean;
}

function readPooling(type: string, given: Options<(typeof names)[number]>) {
  const poolSize = pair(type, 'poolSize', given.poolSize, 2);
  return {
    poolSize,
    strides: pair(type, 'strides', given.strides, poolSize),
    padding: padding(type, given.padding),
    ceilMode: boolean(type, 'ceilMode', given.ceilMode, false),
  } satisfies Pooling;
}

function poolOf(
  scope: LayerScope,
  x: number,
  { poolSize, strides, padding, ceilMode }: Pooling,
): Pool2dAttributes {
  const [height, width] = imageShape(scope, x);
  const dilations = [1, 1] as const;
  return {
    poolSize,
    strides,
    padding: sides(padding, [height, width], poolSize, strides, dilations),
    dilations,
    ceilMode,
  };
}
