import type { Activated } from '../ops/activation.js';
import { activations, elementwiseActivations, oneOf } from '../options.js';
import type { LayerScope } from './layer.js';

/**
 * A function that a layer ends with, by name: 'relu', 'leakyReLU' (alpha 0.3), 'prelu' (its alpha becomes a weight of
 * the layer), 'elu', 'sigmoid', 'tanh', 'softmax' (last axis), 'softplus', 'hardSigmoid', 'hardSwish', 'swish', 'gelu',
 * or 'linear' for none.
 */
export type ActivationName =
  | 'linear'
  | 'relu'
  | 'leakyReLU'
  | 'prelu'
  | 'elu'
  | 'sigmoid'
  | 'tanh'
  | 'softmax'
  | 'softplus'
  | 'hardSigmoid'
  | 'hardSwish'
  | 'swish'
  | 'gelu';

/** The last two are nodes of their own: softmax looks at a whole axis, prelu has weights. */
const names: readonly string[] = [...elementwiseActivations, 'softmax', 'prelu'];

/** The checked option `activation`; undefined where there is nothing to do. */
export function readActivation(who: string, value: unknown): string | undefined {
  return value === undefined || value === 'linear' ? undefined : oneOf(who, 'activation', value, names);
}

/** Appends the function of that name to `value`. */
export function activate(scope: LayerScope, value: number, name: string | undefined): number {
  if (name === undefined) return value;
  if (name === 'softmax') return emitSoftmax(scope, value, -1);
  if (name === 'prelu') return emitPrelu(scope, value, []);
  return emitElementwise(scope, value, activations.get(name) ?? {});
}

export function emitElementwise(scope: LayerScope, value: number, attributes: Activated): number {
  return scope.node('unary', attributes, [value]);
}

/** Softmax over an axis that counts the batch. */
export function emitSoftmax(scope: LayerScope, value: number, axis: number): number {
  return scope.node('softmax', { axis: sampleAxis(scope, value, axis) }, [value]);
}

/** y = x >= 0 ? x : x * alpha; `sharedAxes` count the batch. */
export function emitPrelu(scope: LayerScope, value: number, sharedAxes: readonly number[]): number {
  const shape = [...scope.shape(value)];
  for (const axis of sharedAxes) shape[sampleAxis(scope, value, axis)] = 1;
  const alpha = scope.weight('alpha', shape, { initializer: 'zeros' });
  return scope.node('binary', { kind: 'prelu', activation: 'none' }, [value, alpha]);
}

/** From an axis that counts the batch, negative ones from the end, to one of the sample. */
export function sampleAxis(scope: LayerScope, value: number, axis: number): number {
  const rank = scope.shape(value).length + 1;
  const counted = axis < 0 ? axis + rank : axis;
  if (counted >= 1 && counted < rank) return counted - 1;
  const rule = counted === 0 ? 'an axis other than the batch' : `an axis from ${1 - rank} to ${rank - 1}`;
  return scope.fail(`expected ${rule} for an input of ${rank} dimensions with the batch, got ${axis}`);
}
