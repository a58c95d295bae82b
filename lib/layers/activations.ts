import { OptionError, show } from '../errors.js';
import type { Activated } from '../ops/activation.js';
import { boolean, finite, integer, list, readOptions } from '../options.js';
import {
  type ActivationName,
  activate,
  emitElementwise,
  emitPrelu,
  emitSoftmax,
  readActivation,
} from './activate.js';
import { common, type Layer, type LayerOptions, makeLayer } from './layer.js';

/** Every layer of this file keeps the shape of its input: [...] -> [...]. NaN stays NaN. */
function elementwise(type: string, options: LayerOptions, attributes: Activated): Layer {
  const given = readOptions(type, options, common);
  return makeLayer(type, given, {}, (scope, [x = 0]) => emitElementwise(scope, x, attributes));
}

export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName;
}

/** Any activation by name, with the parameters it has by default. Shape: [...] -> [...]. */
export function activation(options: ActivationOptions): Layer {
  const type = 'activation';
  const given = readOptions(type, options, ['activation', ...common]);
  if (given.activation === undefined)
    throw new OptionError(`${type}: expected activation to be named, got undefined`);
  const name = readActivation(type, given.activation);
  return makeLayer(type, given, { activation: name ?? 'linear' }, (scope, [x = 0]) =>
    activate(scope, x, name),
  );
}

export interface ReluOptions extends LayerOptions {
  /** The upper bound; without it there is none. 6 makes ReLU6. */
  readonly maxValue?: number | undefined;
}

/** min(max(x, 0), maxValue). Shape: [...] -> [...]. */
export function relu(options: ReluOptions = {}): Layer {
  const type = 'relu';
  const given = readOptions(type, options, ['maxValue', ...common]);
  const maxValue = given.maxValue === undefined ? undefined : finite(type, 'maxValue', given.maxValue);
  if (maxValue !== undefined && maxValue < 0) {
    throw new OptionError(`${type}: expected maxValue to be a non-negative number, got ${show(maxValue)}`);
  }
  const beta = maxValue ?? Number.POSITIVE_INFINITY;
  return makeLayer(type, given, { maxValue }, (scope, [x = 0]) =>
    emitElementwise(scope, x, { activation: 'relu', beta }),
  );
}

export interface AlphaOptions extends LayerOptions {
  readonly alpha?: number | undefined;
}

/** x >= 0 ? x : alpha x, alpha 0.3. Shape: [...] -> [...]. */
export function leakyReLU(options: AlphaOptions = {}): Layer {
  return withAlpha('leakyReLU', options, 'leakyrelu', 0.3);
}

/** x >= 0 ? x : alpha (e^x - 1), alpha 1. Shape: [...] -> [...]. */
export function elu(options: AlphaOptions = {}): Layer {
  return withAlpha('elu', options, 'elu', 1);
}

function withAlpha(type: string, options: AlphaOptions, name: 'leakyrelu' | 'elu', fallback: number): Layer {
  const given = readOptions(type, options, ['alpha', ...common]);
  const alpha = finite(type, 'alpha', given.alpha, fallback);
  return makeLayer(type, given, { alpha }, (scope, [x = 0]) =>
    emitElementwise(scope, x, { activation: name, alpha }),
  );
}

export interface PreluOptions extends LayerOptions {
  /** Axes, counting the batch, along which alpha is the same: [1, 2] gives it the shape [1, 1, channels]. */
  readonly sharedAxes?: readonly number[] | undefined;
}

/**
 * x >= 0 ? x : alpha x with a learned alpha (He et al. 2015).
 * Shape: [...] -> [...]. Weights: alpha, of the input's shape with 1 at the shared axes; it starts at 0.
 */
export function prelu(options: PreluOptions = {}): Layer {
  const type = 'prelu';
  const given = readOptions(type, options, ['sharedAxes', ...common]);
  const shared =
    given.sharedAxes === undefined ? [] : list(type, 'sharedAxes', given.sharedAxes, 'an array of axes');
  const sharedAxes = shared.map((axis, i) => integer(type, `sharedAxes[${i}]`, axis));
  return makeLayer(type, given, { sharedAxes }, (scope, [x = 0]) => emitPrelu(scope, x, sharedAxes));
}

export interface SoftmaxOptions extends LayerOptions {
  /** Counts the batch: -1, the last one. */
  readonly axis?: number | undefined;
}

/** e^x / sum of e^x along the axis, computed from x - max. Shape: [...] -> [...]. */
export function softmax(options: SoftmaxOptions = {}): Layer {
  const type = 'softmax';
  const given = readOptions(type, options, ['axis', ...common]);
  const axis = integer(type, 'axis', given.axis, -1);
  return makeLayer(type, given, { axis }, (scope, [x = 0]) => emitSoftmax(scope, x, axis));
}

/** 1 / (1 + e^-x). Shape: [...] -> [...]. */
export function sigmoid(options: LayerOptions = {}): Layer {
  return elementwise('sigmoid', options, { activation: 'sigmoid' });
}

/** The hyperbolic tangent. Shape: [...] -> [...]. */
export function tanh(options: LayerOptions = {}): Layer {
  return elementwise('tanh', options, { activation: 'tanh' });
}

/** log(1 + e^x), exact for large |x| too. Shape: [...] -> [...]. */
export function softplus(options: LayerOptions = {}): Layer {
  return elementwise('softplus', options, { activation: 'softplus' });
}

export interface HardSigmoidOptions extends LayerOptions {
  /** 1 / 6 */
  readonly alpha?: number | undefined;
  /** 0.5 */
  readonly beta?: number | undefined;
}

/** min(max(alpha x + beta, 0), 1): relu6(x + 3) / 6 by default, as in Keras 3 and PyTorch. Shape: [...] -> [...]. */
export function hardSigmoid(options: HardSigmoidOptions = {}): Layer {
  const type = 'hardSigmoid';
  const given = readOptions(type, options, ['alpha', 'beta', ...common]);
  const alpha = finite(type, 'alpha', given.alpha, 1 / 6);
  const beta = finite(type, 'beta', given.beta, 0.5);
  return makeLayer(type, given, { alpha, beta }, (scope, [x = 0]) =>
    emitElementwise(scope, x, { activation: 'hardsigmoid', alpha, beta }),
  );
}

/** x relu6(x + 3) / 6. Shape: [...] -> [...]. */
export function hardSwish(options: LayerOptions = {}): Layer {
  return elementwise('hardSwish', options, { activation: 'hardswish' });
}

/** x sigmoid(x), also called SiLU. Shape: [...] -> [...]. */
export function swish(options: LayerOptions = {}): Layer {
  return elementwise('swish', options, { activation: 'swish' });
}

export interface GeluOptions extends LayerOptions {
  /** Whether to use the tanh form: false. */
  readonly approximate?: boolean | undefined;
}

/** x Phi(x) with the exact erf form of the normal distribution (Hendrycks and Gimpel 2016). Shape: [...] -> [...]. */
export function gelu(options: GeluOptions = {}): Layer {
  const type = 'gelu';
  const given = readOptions(type, options, ['approximate', ...common]);
  const approximate = boolean(type, 'approximate', given.approximate, false);
  return makeLayer(type, given, { approximate }, (scope, [x = 0]) =>
    emitElementwise(scope, x, { activation: approximate ? 'gelutanh' : 'gelu' }),
  );
}
