import type { DataType } from '../../tensor.js';
import { not, unary } from '../emit/elementwise.js';
import type { Emitter } from '../emitter.js';
import { cast as castKnown, castTarget } from '../evaluate/cast.js';
import { numbersOf } from '../known.js';
import type { Value } from '../value.js';
import { isInteger } from './arithmetic.js';
import type { Rule } from './rule.js';

/** To whole numbers towards 0, to booleans whatever is not 0. The engine holds all of them in float32. */
function converted(emit: Emitter, x: Value, type: DataType): Value {
  const value = emit.lift(x);
  const real = !isInteger(x.type) && x.type !== 'bool';
  if (type === 'bool' && x.type !== 'bool') return not(emit, not(emit, value));
  if (isInteger(type) && real) return unary(emit, value, 'trunc', 0, 0, type);
  return { ...value, type };
}

const cast: Rule = (emit, scope) => [converted(emit, emit.input(0), castTarget(scope))];

/** Of the second input the type alone matters: what is known stays known. */
const castLike: Rule = (emit, scope) => {
  const [x, { type }] = [emit.input(0), emit.input(1)];
  return [x.kind === 'known' ? castKnown(scope, x, type) : converted(emit, x, type)];
};

/** Nothing is dropped; the mask is all true. */
const dropout: Rule = (emit, scope) => {
  const x = emit.input(0);
  const training = emit.optionalKnown(2);
  if (training && Number(training.data[0]) !== 0) {
    const ratio = emit.optionalKnown(1);
    const share = ratio ? numbersOf(ratio)[0] : 0.5;
    if (share !== 0) scope.fail(`expected a ratio of 0 for training, got ${share}`);
  }
  if (!emit.uses(1)) return [x];
  // NaN is not equal to itself; clipped to 1 from both sides, all are.
  const value = emit.lift(x);
  const same = emit.apply('binary', { kind: 'equal' }, [value.id, value.id], 'bool');
  return [x, unary(emit, same, 'clip', 1, 1)];
};

const identity: Rule = (emit) => [emit.input(0)];

export const conversion: Readonly<Record<string, Rule>> = {
  Cast: cast,
  CastLike: castLike,
  Dropout: dropout,
  Identity: identity,
};
