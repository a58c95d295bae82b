import { positiveInteger, readOptions } from '../options.js';
import {
  type Convolution,
  type ConvolutionOptions,
  convolutionNames,
  emitBiased,
  readConvolution,
  windowOf,
} from './convolution.js';
import { imageShape, type Layer, type LayerScope, makeLayer } from './layer.js';

export interface DepthwiseConv2dOptions extends ConvolutionOptions {
  /** Outputs per channel: 1. */
  readonly depthMultiplier?: number | undefined;
}

/**
 * Convolution of every channel by itself.
 *
 * Shape: [h, w, c] -> [h', w', c * depthMultiplier], h' as for conv2d.
 * y[i, j, c m + k] = bias[c m + k] + sum over u, v of x[i s + u d - top, j s + v d - left, c] kernel[u, v, c, k].
 * Weights: kernel [kh, kw, c, depthMultiplier], bias [c * depthMultiplier].
 * Errors: OptionError for an option that breaks its rule; in a model a ShapeError where the window is larger than the
 * padded input.
 */
export function depthwiseConv2d(options: DepthwiseConv2dOptions): Layer {
  const type = 'depthwiseConv2d';
  const given = readOptions(type, options, ['depthMultiplier', ...convolutionNames]);
  const depthMultiplier = positiveInteger(type, 'depthMultiplier', given.depthMultiplier, 1);
  const convolution = readConvolution(type, given);
  return makeLayer(type, given, { ...convolution, depthMultiplier }, (scope, [x = 0]) => {
    const kernel = depthwiseKernel(scope, x, 'kernel', convolution, depthMultiplier);
    const channels = imageShape(scope, x)[2] * depthMultiplier;
    return emitBiased(
      scope,
      'depthwise2d',
      windowOf(scope, x, convolution),
      [x, kernel],
      channels,
      convolution,
    );
  });
}

/** The weight [kh, kw, c, multiplier]; each output sums up one window of one channel. */
export function depthwiseKernel(
  scope: LayerScope,
  x: number,
  name: string,
  { kernelSize: [kh, kw], kernelInitializer }: Convolution,
  multiplier: number,
): number {
  const [, , channels] = imageShape(scope, x);
  return scope.weight(name, [kh, kw, channels, multiplier], {
    initializer: kernelInitializer,
    fanIn: kh * kw,
    fanOut: kh * kw * multiplier,
  });
}
