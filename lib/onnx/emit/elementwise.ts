import type { Activation, Binary } from '../../ops/index.js';
import type { DataType } from '../../tensor.js';
import type { Emitter } from '../emitter.js';
import type { Flowing, Known, Value } from '../value.js';

/** One number, which broadcasts against everything. */
export function scalar(value: number): Known {
  return { kind: 'known', type: 'float32', shape: [], data: Float32Array.of(value) };
}

/** act(x); the type is that of x unless given. */
export function unary(
  emit: Emitter,
  x: Value,
  activation: Activation,
  alpha = 0,
  beta = 0,
  type: DataType = x.type,
): Flowing {
  return emit.apply('unary', { activation, alpha, beta }, [emit.lift(x).id], type);
}

/** kind(a, b) with NumPy's broadcasting; the type is that of a unless given. */
export function binary(emit: Emitter, kind: Binary, a: Value, b: Value, type: DataType = a.type): Flowing {
  return emit.apply('binary', { kind }, emit.operands([a, b]), type);
}

/** condition != 0 ? a : b with NumPy's broadcasting. */
export function where(emit: Emitter, condition: Value, a: Value, b: Value): Flowing {
  return emit.apply('where', {}, emit.operands([condition, a, b]), a.type);
}

/** 1 where x is 0, 0 elsewhere. */
export function not(emit: Emitter, x: Value): Flowing {
  return binary(emit, 'equal', x, scalar(0), 'bool');
}
