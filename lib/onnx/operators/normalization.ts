import { binary, scalar, unary } from '../emit/elementwise.js';
import { channelsFirst, channelsLast } from '../emit/image.js';
import { reshape } from '../emit/movement.js';
import { reduce } from '../emit/reduce.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { mapped } from '../known.js';
import type { Flowing, Value } from '../value.js';
import { normalized, perChannel, spread } from './normalized.js';
import type { Rule } from './rule.js';

/** Running statistics give a scale and a shift per channel; with `training_mode` the batch's own are used. */
const batchNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0, 2);
  if (scope.int('training_mode', 0) === 1) return trained(emit, x);
  const epsilon = scope.float('epsilon', 1e-5);
  if (scope.int('spatial', 1) === 0) return [perActivation(emit, x, epsilon)];
  const channels = fixed(x.shape[1]);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => emit.shared(emit.input(i), i, [channels]));
  const flat = channelsLast(emit, x);
  const inputs = [flat.id, mean, variance, gamma, beta] as readonly number[];
  return [channelsFirst(emit, emit.apply('batchnorm', { epsilon }, inputs, x.type))];
};

/** Statistics of the shape of one sample. */
function perActivation(emit: Emitter, x: Flowing, epsilon: number): Flowing {
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => emit.input(i)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const deviation =
    variance.kind === 'known'
      ? mapped(variance, (value) => Math.sqrt(value + epsilon))
      : unary(emit, binary(emit, 'add', variance, scalar(epsilon)), 'sqrt');
  const centred = binary(emit, 'divide', binary(emit, 'subtract', x, mean), deviation);
  return binary(emit, 'add', binary(emit, 'multiply', centred, scale), shift);
}

/** y, and the running mean and variance: momentum old + (1 - momentum) new, with the population's variance. */
function trained(emit: Emitter, x: Flowing): Value[] {
  const { scope } = emit;
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = reduce(emit, 'mean', x, axes, true);
  const variance = spread(emit, x, mean, axes);
  const y = normalized(emit, x, mean, variance, scope.float('epsilon', 1e-5));
  const scaled = perChannel(emit, y, emit.input(1), emit.input(2));
  const momentum = scope.float('momentum', 0.9);
  const running = (index: number, now: Flowing): Flowing => {
    const old = binary(emit, 'multiply', emit.lift(emit.input(index)), scalar(momentum));
    const flat = reshape(emit, now, [fixed(x.shape[1])]);
    return binary(emit, 'add', old, binary(emit, 'multiply', flat, scalar(1 - momentum)));
  };
  return emit.uses(1) || emit.uses(2) ? [scaled, running(3, mean), running(4, variance)] : [scaled];
}

/** Each channel of each sample for itself. */
const instanceNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0, 3);
  const axes = x.shape.slice(2).map((_, i) => emit.axis(i + 2, rankOf(x)));
  const y = emit.apply('normalize', { axes, epsilon: scope.float('epsilon', 1e-5) }, [x.id], x.type);
  return [perChannel(emit, y, emit.input(1), emit.input(2))];
};

/** All axes from `axis` on; scale and bias broadcast. Mean and 1 / deviation are given where they are used. */
const layerNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const rank = rankOf(x);
  const epsilon = scope.float('epsilon', 1e-5);
  const first = emit.axis(scope.int('axis', -1), rank) + emit.lead;
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const attributes = { axes: axes.map((axis) => emit.axis(axis, rank)), epsilon };
  const normal = emit.apply('normalize', attributes, [x.id], x.type);
  const scaled = binary(emit, 'multiply', normal, emit.input(1));
  const y = emit.inputs[2] ? binary(emit, 'add', scaled, emit.inputs[2]) : scaled;
  if (!emit.uses(1) && !emit.uses(2)) return [y];
  const mean = reduce(emit, 'mean', x, axes, true);
  const shifted = binary(emit, 'add', spread(emit, x, mean, axes), scalar(epsilon));
  return [y, mean, unary(emit, unary(emit, shifted, 'sqrt'), 'reciprocal')];
};

/** x / sqrt(mean of squares + epsilon) over all axes from `axis` on; the scale broadcasts. */
const rmsNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const rank = rankOf(x);
  const first = emit.axis(scope.int('axis', -1), rank) + emit.lead;
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const power = reduce(emit, 'mean', binary(emit, 'multiply', x, x), axes, true);
  const length = unary(emit, binary(emit, 'add', power, scalar(scope.float('epsilon', 1e-5))), 'sqrt');
  return [binary(emit, 'multiply', binary(emit, 'divide', x, length), emit.input(1))];
};

/** Groups of neighbouring channels; scale and bias are one per group in opset 18, later one per channel. */
const groupNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0, 3);
  const [n = 1, channels, ...spatial] = x.shape;
  const groups = scope.int('num_groups');
  const size = fixed(channels) / groups;
  if (!Number.isInteger(size))
    scope.fail(`expected num_groups to divide ${channels} channels, got ${groups}`);
  const seen = reshape(emit, x, [n, groups, size, ...spatial]);
  const axes = seen.shape.slice(2).map((_, i) => emit.axis(i + 2, rankOf(seen)));
  const y = emit.apply('normalize', { axes, epsilon: scope.float('epsilon', 1e-5) }, [seen.id], x.type);
  const [scale, bias] = [emit.input(1), emit.input(2)];
  if (scale.shape[0] === groups && scope.opset < 21) {
    return [reshape(emit, perChannel(emit, y, scale, bias), x.shape)];
  }
  return [perChannel(emit, reshape(emit, y, x.shape), scale, bias)];
};

/** (x - mean) / (deviation + 1e-9) over `axes`. */
const meanVarianceNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const axes = scope.ints('axes', [0, 2, 3]);
  const mean = reduce(emit, 'mean', x, axes, true);
  const deviation = unary(emit, spread(emit, x, mean, axes), 'sqrt');
  const centred = binary(emit, 'subtract', x, mean);
  return [binary(emit, 'divide', centred, binary(emit, 'add', deviation, scalar(1e-9)))];
};

/** Neighbouring channels; alpha is divided by their number. */
const lrn: Rule = (emit, scope) => {
  const attributes = {
    size: scope.int('size'),
    alpha: scope.float('alpha', 1e-4),
    beta: scope.float('beta', 0.75),
    bias: scope.float('bias', 1),
  };
  const x = channelsLast(emit, emit.flow(0, 2));
  return [channelsFirst(emit, emit.apply('lrn', attributes, [x.id], x.type))];
};

/** x / |x| along an axis, 0 where the length is 0. */
const lpNormalization: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const axes = [scope.int('axis', -1)];
  const one = scope.int('p', 2) === 1;
  const powers = one ? unary(emit, x, 'abs') : binary(emit, 'multiply', x, x);
  const sum = reduce(emit, 'sum', powers, axes, true);
  const length = one ? sum : unary(emit, sum, 'sqrt');
  const zero = binary(emit, 'equal', length, scalar(0));
  return [binary(emit, 'divide', x, binary(emit, 'add', length, zero))];
};

export const normalization: Readonly<Record<string, Rule>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: groupNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LRN: lrn,
  LpNormalization: lpNormalization,
};
