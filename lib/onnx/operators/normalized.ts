import { binary, scalar, unary } from '../emit/elementwise.js';
import { reshape } from '../emit/movement.js';
import { reduce } from '../emit/reduce.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import type { Flowing, Value } from '../value.js';

/** The variance of a population over `axes`, in two steps: exact for large means too. */
export function spread(emit: Emitter, x: Flowing, mean: Flowing, axes: readonly number[]): Flowing {
  const centred = binary(emit, 'subtract', x, mean);
  return reduce(emit, 'mean', binary(emit, 'multiply', centred, centred), axes, true);
}

/** (x - mean) / sqrt(variance + epsilon) */
export function normalized(
  emit: Emitter,
  x: Flowing,
  mean: Flowing,
  variance: Flowing,
  epsilon: number,
): Flowing {
  const deviation = unary(emit, binary(emit, 'add', variance, scalar(epsilon)), 'sqrt');
  return binary(emit, 'divide', binary(emit, 'subtract', x, mean), deviation);
}

/** x [n, c, ...] times scale [c] plus bias [c] */
export function perChannel(emit: Emitter, x: Flowing, scale: Value, bias: Value): Flowing {
  const ones = Array.from({ length: rankOf(x) - 2 }, () => 1);
  const column = (value: Value): Value => {
    if (rankOf(value) !== 1)
      emit.scope.fail(`expected a number per channel, got [${value.shape.join(', ')}]`);
    return reshape(emit, value, [fixed(value.shape[0]), ...ones]);
  };
  return binary(emit, 'add', binary(emit, 'multiply', x, column(scale)), column(bias));
}
