import type { Activated, Activation } from '../../ops/index.js';
import type { Order } from './order.js';
import type { ExportScope } from './scope.js';

type Emit = (scope: ExportScope, x: string, parameters: Parameters) => string;

interface Parameters {
  readonly alpha: number;
  readonly beta: number;
}

/** Appends the activation of the node to `x` and says where the node's output is. */
export function finish(scope: ExportScope, order: Order, x: string): void {
  const { activation = 'none', alpha = 0, beta = 0 } = scope.node.attributes as Activated;
  scope.give(order, functions[activation](scope, x, { alpha, beta }));
}

const one =
  (op: string): Emit =>
  (scope, x) =>
    scope.emit(op, [x]);

/** Opset 17 has Gelu, Mish and Swish not yet. */
const functions: Readonly<Record<Activation, Emit>> = {
  none: (_scope, x) => x,
  relu: (scope, x, { beta }) =>
    beta === Number.POSITIVE_INFINITY ? scope.emit('Relu', [x]) : clipped(scope, x, 0, beta),
  leakyrelu: (scope, x, { alpha }) => scope.emit('LeakyRelu', [x], { alpha: { float: alpha } }),
  elu: (scope, x, { alpha }) => scope.emit('Elu', [x], { alpha: { float: alpha } }),
  sigmoid: one('Sigmoid'),
  tanh: one('Tanh'),
  softplus: one('Softplus'),
  hardsigmoid: (scope, x, { alpha, beta }) =>
    scope.emit('HardSigmoid', [x], { alpha: { float: alpha }, beta: { float: beta } }),
  hardswish: one('HardSwish'),
  swish: (scope, x) => scope.emit('Mul', [x, scope.emit('Sigmoid', [x])]),
  gelu: (scope, x) => halved(scope, x, scope.emit('Erf', [times(scope, x, Math.SQRT1_2)])),
  gelutanh: (scope, x) => {
    // tanh(sqrt(2 / pi) (x + 0.044715 x^3)), with x taken out of the bracket.
    const square = scope.emit('Mul', [x, x]);
    const bracket = plus(scope, times(scope, square, 0.044715), 1);
    const inner = times(scope, scope.emit('Mul', [x, bracket]), Math.sqrt(2 / Math.PI));
    return halved(scope, x, scope.emit('Tanh', [inner]));
  },
  clip: (scope, x, { alpha, beta }) => clipped(scope, x, alpha, beta),
  exp: one('Exp'),
  log: one('Log'),
  sqrt: one('Sqrt'),
  abs: one('Abs'),
  reciprocal: one('Reciprocal'),
  floor: one('Floor'),
  ceil: one('Ceil'),
  round: one('Round'),
  trunc: (scope, x) => {
    const size = scope.emit('Floor', [scope.emit('Abs', [x])]);
    return scope.emit('Mul', [scope.emit('Sign', [x]), size]);
  },
  sign: one('Sign'),
  erf: one('Erf'),
  sin: one('Sin'),
  cos: one('Cos'),
  softsign: one('Softsign'),
  mish: (scope, x) => scope.emit('Mul', [x, scope.emit('Tanh', [scope.emit('Softplus', [x])])]),
  thresholdedrelu: (scope, x, { alpha }) => scope.emit('ThresholdedRelu', [x], { alpha: { float: alpha } }),
};

function clipped(scope: ExportScope, x: string, low: number, high: number): string {
  return scope.emit('Clip', [x, scope.floats([], [low]), scope.floats([], [high])]);
}

/** x (y + 1) / 2 */
function halved(scope: ExportScope, x: string, y: string): string {
  return scope.emit('Mul', [times(scope, x, 0.5), plus(scope, y, 1)]);
}

function times(scope: ExportScope, x: string, factor: number): string {
  return scope.emit('Mul', [x, scope.floats([], [factor])]);
}

function plus(scope: ExportScope, x: string, term: number): string {
  return scope.emit('Add', [x, scope.floats([], [term])]);
}
