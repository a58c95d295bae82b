import { show } from '../../errors.js';
import { isObject } from './json-object.js';
import type { KerasLayer } from './topology.js';

/** An activation as one of our layers has it, or a layer of its own where its parameters differ. */
export type Activation =
  | { readonly name: string }
  | { readonly type: string; readonly options: Readonly<Record<string, unknown>> };

const activations: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', { name: 'linear' }],
  ['relu', { name: 'relu' }],
  ['elu', { name: 'elu' }],
  ['sigmoid', { name: 'sigmoid' }],
  ['tanh', { name: 'tanh' }],
  ['softmax', { name: 'softmax' }],
  ['softplus', { name: 'softplus' }],
  ['swish', { name: 'swish' }],
  ['silu', { name: 'swish' }],
  ['hard_swish', { name: 'hardSwish' }],
  ['hard_silu', { name: 'hardSwish' }],
  ['gelu', { name: 'gelu' }],
  ['gelu_new', { type: 'gelu', options: { approximate: true } }],
  ['relu6', { type: 'relu', options: { maxValue: 6 } }],
  ['leaky_relu', { type: 'leakyReLU', options: { alpha: 0.2 } }],
]);

/** Keras 2 and tfjs: min(max(0.2 x + 0.5, 0), 1). */
const oldHardSigmoid: Activation = { type: 'hardSigmoid', options: { alpha: 0.2, beta: 0.5 } };

/** The option `activation` of a layer. */
export function activationOf({ config, keras3 }: KerasLayer): Activation {
  const given = config.get('activation') ?? 'linear';
  // Keras 3 may write a function as an object with its name.
  const text = isObject(given) ? given.config : given;
  if (typeof text === 'string') {
    const name = snake(text);
    if (name === 'hard_sigmoid') return keras3 ? { name: 'hardSigmoid' } : oldHardSigmoid;
    const found = activations.get(name);
    if (found) return found;
  }
  return config.fail(`expected an activation that this version knows, got ${show(text)}`);
}

/** tfjs writes `hardSigmoid` and `channelsLast` where Keras has `hard_sigmoid` and `channels_last`. */
export function snake(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
