import type { Conv2dAttributes } from '../ops/index.js';
import { positiveInteger, readOptions } from '../options.js';
import {
  type ConvolutionOptions,
  convolutionNames,
  emitBiased,
  readConvolution,
  windowOf,
} from './convolution.js';
import { depthwiseKernel } from './depthwise-conv2d.js';
import { imageShape, type Layer, makeLayer } from './layer.js';

export interface SeparableConv2dOptions extends ConvolutionOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** Intermediate outputs per channel: 1. */
  readonly depthMultiplier?: number | undefined;
}

/**
 * A depthwise convolution and a 1x1 convolution that mixes its channels, nothing between them.
 *
 * Shape: [h, w, c] -> [h', w', filters], h' as for conv2d.
 * y = pointwise(depthwise(x)) + bias; strides, padding and dilation belong to the depthwise part.
 * Weights: depthwiseKernel [kh, kw, c, depthMultiplier], pointwiseKernel [1, 1, c * depthMultiplier, filters],
 * bias [filters].
 * Errors: OptionError for an option that breaks its rule; in a model a ShapeError where the window is larger than the
 * padded input.
 */
export function separableConv2d(options: SeparableConv2dOptions): Layer {
  const type = 'separableConv2d';
  const given = readOptions(type, options, ['filters', 'depthMultiplier', ...convolutionNames]);
  const filters = positiveInteger(type, 'filters', given.filters);
  const depthMultiplier = positiveInteger(type, 'depthMultiplier', given.depthMultiplier, 1);
  const convolution = readConvolution(type, given);
  return makeLayer(type, given, { filters, ...convolution, depthMultiplier }, (scope, [x = 0]) => {
    const depthwise = depthwiseKernel(scope, x, 'depthwiseKernel', convolution, depthMultiplier);
    const between = imageShape(scope, x)[2] * depthMultiplier;
    const pointwise = scope.weight('pointwiseKernel', [1, 1, between, filters], {
      initializer: convolution.kernelInitializer,
      fanIn: between,
      fanOut: filters,
    });
    const middle = scope.node('depthwise2d', { ...windowOf(scope, x, convolution), activation: 'none' }, [
      x,
      depthwise,
    ]);
    const attributes: Conv2dAttributes = {
      strides: [1, 1],
      padding: [0, 0, 0, 0],
      dilations: [1, 1],
      groups: 1,
    };
    return emitBiased(scope, 'conv2d', attributes, [middle, pointwise], filters, convolution);
  });
}
