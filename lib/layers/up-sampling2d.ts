import type { CopyAttributes } from '../ops/index.js';
import { oneOf, pair, readOptions } from '../options.js';
import type { PairOption } from './convolution.js';
import { common, imageShape, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface UpSampling2dOptions extends LayerOptions {
  /** 2 */
  readonly size?: PairOption | undefined;
  /** 'nearest' */
  readonly interpolation?: 'nearest' | undefined;
}

/**
 * Every pixel repeated.
 *
 * Shape: [h, w, c] -> [h size, w size, c].
 * Errors: OptionError for an option that breaks its rule; in a model a ShapeError for an input that is no image.
 */
export function upSampling2d(options: UpSampling2dOptions = {}): Layer {
  const type = 'upSampling2d';
  const given = readOptions(type, options, ['size', 'interpolation', ...common]);
  const size = pair(type, 'size', given.size, 2);
  const interpolation = oneOf(type, 'interpolation', given.interpolation, ['nearest'], 'nearest');
  return makeLayer(type, given, { size, interpolation }, (scope, [x = 0]) => {
    imageShape(scope, x);
    return scope.node('copy', { kind: 'upsample', size } satisfies CopyAttributes, [x]);
  });
}
