import type { CopyAttributes } from '../ops/index.js';
import { isList, nonNegativePair, pads, readOptions } from '../options.js';
import type { PairOption } from './convolution.js';
import { common, imageShape, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface ZeroPadding2dOptions extends LayerOptions {
  /** A number for all sides, [vertical, horizontal] or [[top, bottom], [left, right]]: 1. */
  readonly padding?: PairOption | readonly [readonly [number, number], readonly [number, number]] | undefined;
}

/**
 * Zeros around an image.
 *
 * Shape: [h, w, c] -> [top + h + bottom, left + w + right, c].
 * Errors: OptionError for a padding that breaks its rule; in a model a ShapeError for an input that is no image.
 */
export function zeroPadding2d(options: ZeroPadding2dOptions = {}): Layer {
  const type = 'zeroPadding2d';
  const given = readOptions(type, options, ['padding', ...common]);
  const padding = readPadding(type, given.padding ?? 1);
  return makeLayer(type, given, { padding }, (scope, [x = 0]) => {
    imageShape(scope, x);
    return scope.node(
      'copy',
      { kind: 'pad', pads: [...padding, [0, 0]], value: 0 } satisfies CopyAttributes,
      [x],
    );
  });
}

/** [vertical, horizontal] is the form of Keras and tfjs that layers with windows do not have. */
function readPadding(type: string, value: unknown) {
  if (!isList(value) || !value.every((item) => typeof item === 'number')) return pads(type, 'padding', value);
  const [vertical, horizontal] = nonNegativePair(type, 'padding', value);
  return pads(type, 'padding', [
    [vertical, vertical],
    [horizontal, horizontal],
  ]);
}
