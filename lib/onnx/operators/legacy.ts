import { reshape } from '../emit/movement.js';
import { type Emitter, rankOf } from '../emitter.js';
import type { Value } from '../value.js';

/** b as an operand of values of `rank` axes, its first axis lying along `axis`: the broadcasting of opset 1 to 6. */
export function legacyOperand(emit: Emitter, b: Value, rank: number, axis: number): Value {
  const at = axis < 0 ? axis + rank : axis;
  const missing = rank - at - rankOf(b);
  if (!(missing >= 0 && at >= 0))
    emit.scope.fail(`expected an operand of at most ${rank - at} axes, got ${rankOf(b)}`);
  return reshape(emit, b, [...b.shape, ...Array.from({ length: missing }, () => 1)]);
}
