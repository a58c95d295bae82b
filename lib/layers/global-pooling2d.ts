import type { ReduceAttributes } from '../ops/index.js';
import { boolean, readOptions } from '../options.js';
import { common, imageShape, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface GlobalPooling2dOptions extends LayerOptions {
  /** Whether the result is [1, 1, c] instead of [c]: false. */
  readonly keepDims?: boolean | undefined;
}

/**
 * The mean of each channel over the whole image.
 *
 * Shape: [h, w, c] -> [c], or [1, 1, c] with `keepDims`.
 * Errors: OptionError for an unknown option; in a model a ShapeError for an input that is no image.
 */
export function globalAveragePooling2d(options: GlobalPooling2dOptions = {}): Layer {
  return globalPooling('globalAveragePooling2d', 'mean', options);
}

/**
 * The largest number of each channel over the whole image; NaN wins.
 *
 * Shape: [h, w, c] -> [c], or [1, 1, c] with `keepDims`.
 * Errors: as for globalAveragePooling2d.
 */
export function globalMaxPooling2d(options: GlobalPooling2dOptions = {}): Layer {
  return globalPooling('globalMaxPooling2d', 'max', options);
}

function globalPooling(type: string, kind: 'mean' | 'max', options: GlobalPooling2dOptions): Layer {
  const given = readOptions(type, options, [...common, 'keepDims']);
  const keepDims = boolean(type, 'keepDims', given.keepDims, false);
  return makeLayer(type, given, { keepDims }, (scope, [x = 0]) => {
    imageShape(scope, x);
    return scope.node('reduce', { kind, axes: [0, 1], keepDims } satisfies ReduceAttributes, [x]);
  });
}
