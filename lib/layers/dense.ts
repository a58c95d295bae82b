import { positiveInteger, readOptions } from '../options.js';
import { type BiasedOptions, biasedNames, emitBiased, readBiased } from './convolution.js';
import { type Layer, makeLayer } from './layer.js';

export interface DenseOptions extends BiasedOptions {
  /** Length of the last axis of the output. */
  readonly units: number;
}

/**
 * A fully connected layer on the last axis.
 *
 * Shape: [..., c] -> [..., units].
 * y[..., o] = bias[o] + sum over c of x[..., c] kernel[c, o].
 * Weights: kernel [c, units], bias [units].
 * Errors: OptionError for an option that breaks its rule.
 */
export function dense(options: DenseOptions): Layer {
  const type = 'dense';
  const given = readOptions(type, options, ['units', ...biasedNames]);
  const units = positiveInteger(type, 'units', given.units);
  const biased = readBiased(type, given);
  return makeLayer(type, given, { units, ...biased }, (scope, [x = 0]) => {
    const channels = scope.shape(x).at(-1) as number;
    const kernel = scope.weight('kernel', [channels, units], {
      initializer: biased.kernelInitializer,
      fanIn: channels,
      fanOut: units,
    });
    return emitBiased(scope, 'matmul', {}, [x, kernel], units, biased);
  });
}
