/**
 * Elementwise functions that stand alone (op `unary`) or in the epilogue of another op (field `act`).
 * The order is the native enum's. `alpha` and `beta` are the two parameters:
 * relu clips to [0, beta]; leakyrelu and elu use alpha; hardsigmoid is clip(alpha x + beta, 0, 1); clip is
 * min(max(x, alpha), beta), so beta where alpha > beta; round takes halves to the even number; softsign is
 * x / (1 + |x|), mish x tanh(softplus(x)), thresholdedrelu x where x > alpha, else 0.
 */
export const activations = [
  'none',
  'relu',
  'leakyrelu',
  'elu',
  'sigmoid',
  'tanh',
  'softplus',
  'hardsigmoid',
  'hardswish',
  'swish',
  'gelu',
  'gelutanh',
  'clip',
  'exp',
  'log',
  'sqrt',
  'abs',
  'reciprocal',
  'floor',
  'ceil',
  'round',
  'trunc',
  'sign',
  'erf',
  'sin',
  'cos',
  'softsign',
  'mish',
  'thresholdedrelu',
] as const;

export type Activation = (typeof activations)[number];

/** An activation as an attribute of a node; absent parameters are 0. */
export interface Activated {
  readonly activation?: Activation;
  readonly alpha?: number;
  readonly beta?: number;
}

/** The three geometry fields of an activation. */
export function activationFields({ activation = 'none', alpha = 0, beta = 0 }: Activated): {
  act: number;
  alpha: number;
  beta: number;
} {
  return { act: activations.indexOf(activation), alpha, beta };
}
