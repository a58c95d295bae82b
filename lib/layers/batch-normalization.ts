import { OptionError, show } from '../errors.js';
import { boolean, finite, oneOf, readOptions } from '../options.js';
import { type Initializer, initializers } from './initializers.js';
import { common, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface BatchNormalizationOptions extends LayerOptions {
  /** Share of the old value when training moves the statistics: 0.99. */
  readonly momentum?: number | undefined;
  /** Added to the variance: 1e-3. */
  readonly epsilon?: number | undefined;
  /** Whether there is a beta: true. */
  readonly center?: boolean | undefined;
  /** Whether there is a gamma: true. */
  readonly scale?: boolean | undefined;
  /** 'zeros' */
  readonly betaInitializer?: Initializer | undefined;
  /** 'ones' */
  readonly gammaInitializer?: Initializer | undefined;
}

/**
 * Batch normalisation with the statistics gathered in training (Ioffe and Szegedy 2015); channels are the last axis.
 *
 * Shape: [..., c] -> [..., c].
 * y = gamma (x - movingMean) / sqrt(movingVariance + epsilon) + beta.
 * Weights: gamma [c], beta [c], movingMean [c], movingVariance [c].
 * Errors: OptionError for an option that breaks its rule.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer {
  const type = 'batchNormalization';
  const own = ['momentum', 'epsilon', 'center', 'scale', 'betaInitializer', 'gammaInitializer'] as const;
  const given = readOptions(type, options, [...own, ...common]);
  const epsilon = finite(type, 'epsilon', given.epsilon, 1e-3);
  if (epsilon < 0) {
    throw new OptionError(`${type}: expected epsilon to be a non-negative number, got ${show(epsilon)}`);
  }
  const momentum = finite(type, 'momentum', given.momentum, 0.99);
  if (momentum < 0 || momentum > 1) {
    throw new OptionError(`${type}: expected momentum to be from 0 to 1, got ${show(momentum)}`);
  }
  const settings = {
    momentum,
    epsilon,
    center: boolean(type, 'center', given.center, true),
    scale: boolean(type, 'scale', given.scale, true),
    betaInitializer: oneOf(type, 'betaInitializer', given.betaInitializer, initializers, 'zeros'),
    gammaInitializer: oneOf(type, 'gammaInitializer', given.gammaInitializer, initializers, 'ones'),
  };
  return makeLayer(type, given, settings, (scope, [x = 0]) => {
    const channels = scope.shape(x).at(-1) as number;
    const shape = [channels];
    const gamma = settings.scale
      ? scope.weight('gamma', shape, { initializer: settings.gammaInitializer })
      : scope.constant('gamma', new Float32Array(channels).fill(1));
    const beta = settings.center
      ? scope.weight('beta', shape, { initializer: settings.betaInitializer })
      : scope.constant('beta', new Float32Array(channels));
    const mean = scope.weight('movingMean', shape, { initializer: 'zeros', trainable: false });
    const variance = scope.weight('movingVariance', shape, { initializer: 'ones', trainable: false });
    return scope.node('batchnorm', { epsilon, activation: 'none' }, [x, mean, variance, gamma, beta]);
  });
}
