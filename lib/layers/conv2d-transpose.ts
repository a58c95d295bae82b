import { transposedSides } from '../geometry.js';
import type { ConvTranspose2dAttributes } from '../ops/index.js';
import { nonNegativePair, positiveInteger, readOptions } from '../options.js';
import {
  type ConvolutionOptions,
  convolutionNames,
  emitBiased,
  type PairOption,
  readConvolution,
} from './convolution.js';
import { imageShape, type Layer, makeLayer } from './layer.js';

export interface Conv2dTransposeOptions extends ConvolutionOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** Cells by which the output is longer at the bottom and right; less than the stride. */
  readonly outputPadding?: PairOption | undefined;
}

/**
 * The transpose (gradient) of a convolution: every input pixel is spread over a window of the output.
 *
 * Shape: [h, w, c] -> [h', w', filters] with h' = (h - 1) s + d (kh - 1) + 1 - top - bottom + outputPadding; without
 * outputPadding 'same' gives h s and 'valid' h s + max(d (kh - 1) + 1 - s, 0).
 * y[i s + u d - top, j s + v d - left, o] += x[i, j, c] kernel[u, v, o, c], starting from bias[o].
 * Weights: kernel [kh, kw, filters, c], bias [filters].
 * Errors: OptionError for an option that breaks its rule; in a model a ShapeError where nothing is left of the output.
 */
export function conv2dTranspose(options: Conv2dTransposeOptions): Layer {
  const type = 'conv2dTranspose';
  const given = readOptions(type, options, ['filters', 'outputPadding', ...convolutionNames]);
  const filters = positiveInteger(type, 'filters', given.filters);
  const convolution = readConvolution(type, given);
  const outputPadding =
    given.outputPadding === undefined
      ? undefined
      : nonNegativePair(type, 'outputPadding', given.outputPadding);
  return makeLayer(type, given, { filters, ...convolution, outputPadding }, (scope, [x = 0]) => {
    const [, , channels] = imageShape(scope, x);
    const [kh, kw] = convolution.kernelSize;
    const kernel = scope.weight('kernel', [kh, kw, filters, channels], {
      initializer: convolution.kernelInitializer,
      fanIn: kh * kw * channels,
      fanOut: kh * kw * filters,
    });
    const { strides, padding, dilationRate } = convolution;
    const attributes: ConvTranspose2dAttributes = {
      strides,
      dilations: dilationRate,
      ...transposedSides(padding, [kh, kw], strides, dilationRate, outputPadding),
    };
    return emitBiased(scope, 'convtranspose2d', attributes, [x, kernel], filters, convolution);
  });
}
