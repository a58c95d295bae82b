import { OptionError } from '../errors.js';
import type { Conv2dAttributes } from '../ops/index.js';
import { positiveInteger, readOptions } from '../options.js';
import {
  type ConvolutionOptions,
  convolutionNames,
  emitBiased,
  readConvolution,
  windowOf,
} from './convolution.js';
import { imageShape, type Layer, makeLayer } from './layer.js';

export interface Conv2dOptions extends ConvolutionOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** 1 */
  readonly groups?: number | undefined;
}

/**
 * Two-dimensional convolution (cross-correlation, as everywhere in neural networks).
 *
 * Shape: [h, w, c] -> [h', w', filters] with h' = floor((h + top + bottom - d (kh - 1) - 1) / s) + 1.
 * y[i, j, o] = bias[o] + sum over u, v, c of x[i s + u d - top, j s + v d - left, c] kernel[u, v, c, o].
 * With `groups`, channels and filters fall into that many parts which do not see each other.
 * Weights: kernel [kh, kw, c / groups, filters], bias [filters].
 * Errors: OptionError for an option that breaks its rule; in a model a ShapeError where the window is larger than the
 * padded input, or groups do not divide the channels.
 */
export function conv2d(options: Conv2dOptions): Layer {
  const type = 'conv2d';
  const given = readOptions(type, options, ['filters', 'groups', ...convolutionNames]);
  const filters = positiveInteger(type, 'filters', given.filters);
  const convolution = readConvolution(type, given);
  const groups = positiveInteger(type, 'groups', given.groups, 1);
  if (filters % groups !== 0) {
    throw new OptionError(`${type}: expected groups to divide the ${filters} filters, got ${groups}`);
  }
  return makeLayer(type, given, { filters, ...convolution, groups }, (scope, [x = 0]) => {
    const [, , channels] = imageShape(scope, x);
    if (channels % groups !== 0) {
      scope.fail(`expected an input whose channels ${groups} groups divide, got ${channels} channels`);
    }
    const [kh, kw] = convolution.kernelSize;
    const kernel = scope.weight('kernel', [kh, kw, channels / groups, filters], {
      initializer: convolution.kernelInitializer,
      fanIn: (kh * kw * channels) / groups,
      fanOut: (kh * kw * filters) / groups,
    });
    const attributes = { ...windowOf(scope, x, convolution), groups } satisfies Conv2dAttributes;
    return emitBiased(scope, 'conv2d', attributes, [x, kernel], filters, convolution);
  });
}
