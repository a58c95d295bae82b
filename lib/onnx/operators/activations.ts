import type { Activation } from '../../ops/index.js';
import { binary, scalar, unary } from '../emit/elementwise.js';
import { reshape } from '../emit/movement.js';
import { type Emitter, rankOf } from '../emitter.js';
import type { NodeScope } from '../node-scope.js';
import type { Flowing, Value } from '../value.js';
import { legacyOperand } from './legacy.js';
import type { Rule } from './rule.js';

/** One function of the engine; its parameters are attributes of the node or numbers. */
function plain(activation: Activation, alpha: Parameter = 0, beta: Parameter = 0): Rule {
  return (emit, scope) => [unary(emit, emit.input(0), activation, read(scope, alpha), read(scope, beta))];
}

type Parameter = number | readonly [name: string, fallback: number];

function read(scope: NodeScope, parameter: Parameter): number {
  return typeof parameter === 'number' ? parameter : scope.float(...parameter);
}

/** x >= 0 ? x : slope x. Before opset 7 the slope is one number or one per channel, later it broadcasts to x. */
const prelu: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const slope = emit.input(1);
  const fits = scope.opset >= 7 || rankOf(slope) !== 1 || slope.shape[0] === 1;
  const placed = fits ? slope : legacyOperand(emit, slope, rankOf(x), 1);
  return [binary(emit, 'prelu', x, placed)];
};

/** alpha (e^(x / alpha) - 1) below 0. */
const celu: Rule = (emit, scope) => {
  const alpha = scope.float('alpha', 1);
  const x = emit.flow(0);
  if (alpha === 1) return [unary(emit, x, 'elu', 1)];
  const curved = unary(emit, binary(emit, 'divide', x, scalar(alpha)), 'elu', 1);
  return [binary(emit, 'multiply', curved, scalar(alpha))];
};

const selu: Rule = (emit, scope) => {
  const curved = unary(emit, emit.flow(0), 'elu', scope.float('alpha', 1.6732632423543772));
  return [binary(emit, 'multiply', curved, scalar(scope.float('gamma', 1.0507009873554805)))];
};

const gelu: Rule = (emit, scope) => {
  const form = scope.string('approximate', 'none');
  if (form !== 'none' && form !== 'tanh') scope.fail(`expected approximate to be none or tanh, got ${form}`);
  return [unary(emit, emit.input(0), form === 'tanh' ? 'gelutanh' : 'gelu')];
};

/** x sigmoid(alpha x) */
function swished(emit: Emitter): Flowing {
  const alpha = emit.scope.float('alpha', 1);
  const x = emit.flow(0);
  if (alpha === 1) return unary(emit, x, 'swish');
  return binary(emit, 'multiply', x, unary(emit, binary(emit, 'multiply', x, scalar(alpha)), 'sigmoid'));
}

const swish: Rule = (emit) => [swished(emit)];

/** The second input behind the gate that the first one makes: both have one shape. */
const swiGlu: Rule = (emit, scope) => {
  const [gate, x] = [emit.input(0), emit.input(1)];
  if (gate.shape.join() !== x.shape.join()) {
    scope.fail(`expected inputs of one shape, got [${gate.shape.join(', ')}] and [${x.shape.join(', ')}]`);
  }
  return [binary(emit, 'multiply', swished(emit), x)];
};

/** x + bias below -lambd, x - bias above lambd, else 0 */
const shrink: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const [bias, lambd] = [scope.float('bias', 0), scope.float('lambd', 0.5)];
  const part = (condition: Flowing, shift: number): Flowing =>
    binary(emit, 'multiply', condition, binary(emit, 'add', x, scalar(shift)), x.type);
  const low = part(binary(emit, 'less', x, scalar(-lambd)), bias);
  const high = part(binary(emit, 'less', scalar(lambd), x), -bias);
  return [binary(emit, 'add', low, high)];
};

/** min(max(x, low), high); attributes before opset 11, later inputs that may be absent. */
const clip: Rule = (emit, scope) => {
  const x = emit.input(0);
  if (scope.opset < 11)
    return [clipped(emit, x, scope.float('min', -Infinity), scope.float('max', Infinity))];
  const [low, high] = [emit.inputs[1], emit.inputs[2]];
  if (low?.kind !== 'flowing' && high?.kind !== 'flowing') {
    return [clipped(emit, x, bound(scope, low, -Infinity), bound(scope, high, Infinity))];
  }
  const raised = low ? binary(emit, 'maximum', x, low) : emit.lift(x);
  return [high ? binary(emit, 'minimum', raised, high) : raised];
};

function bound(scope: NodeScope, value: Value | undefined, fallback: number): number {
  if (value?.kind !== 'known') return fallback;
  if (value.data.length !== 1) scope.fail(`expected a bound of one number, got ${value.data.length}`);
  return Number(value.data[0]);
}

function clipped(emit: Emitter, x: Value, low: number, high: number): Value {
  if (low === -Infinity && high === Infinity) return x;
  // Where both bounds agree on nothing, the upper one wins; relu is what other passes know best.
  if (low === 0 && high >= 0) return unary(emit, x, 'relu', 0, high);
  return unary(emit, x, 'clip', low, high);
}

/** Softmax along an axis; before opset 13 along all axes from it on, seen as one. */
function softmax(log: boolean): Rule {
  return (emit, scope) => {
    const x = emit.flow(0);
    const rank = rankOf(x);
    const attributes = log ? { log } : {};
    const axis = emit.axis(scope.int('axis', scope.opset < 13 ? 1 : -1), rank) + emit.lead;
    const last = axis === rank - 1;
    const inner = x.shape.slice(axis).reduce<number>((all, length) => all * Number(length), 1);
    const seen = scope.opset >= 13 || last ? x : reshape(emit, x, [...x.shape.slice(0, axis), inner]);
    const y = emit.apply('softmax', { ...attributes, axis: axis - emit.lead }, [seen.id], x.type);
    return [reshape(emit, y, x.shape)];
  };
}

export const activations: Readonly<Record<string, Rule>> = {
  Relu: plain('relu', 0, Infinity),
  LeakyRelu: plain('leakyrelu', ['alpha', 0.01]),
  PRelu: prelu,
  Elu: plain('elu', ['alpha', 1]),
  Celu: celu,
  Selu: selu,
  Gelu: gelu,
  Swish: swish,
  SwiGLU: swiGlu,
  Shrink: shrink,
  Sigmoid: plain('sigmoid'),
  HardSigmoid: plain('hardsigmoid', ['alpha', 0.2], ['beta', 0.5]),
  HardSwish: plain('hardswish'),
  Softplus: plain('softplus'),
  Softsign: plain('softsign'),
  Tanh: plain('tanh'),
  Mish: plain('mish'),
  ThresholdedRelu: plain('thresholdedrelu', ['alpha', 1]),
  Exp: plain('exp'),
  Log: plain('log'),
  Sqrt: plain('sqrt'),
  Abs: plain('abs'),
  Reciprocal: plain('reciprocal'),
  Floor: plain('floor'),
  Ceil: plain('ceil'),
  Round: plain('round'),
  Sign: plain('sign'),
  Erf: plain('erf'),
  Sin: plain('sin'),
  Cos: plain('cos'),
  Clip: clip,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};
