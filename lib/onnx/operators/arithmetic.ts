import type { Binary } from '../../ops/index.js';
import type { DataType } from '../../tensor.js';
import { binary, not, scalar, unary, where } from '../emit/elementwise.js';
import { type Emitter, rankOf } from '../emitter.js';
import type { Value } from '../value.js';
import { legacyOperand } from './legacy.js';
import type { Rule } from './rule.js';

/** Whole numbers flow as float32: they are exact up to 2^24. */
export function isInteger(type: DataType): boolean {
  return type === 'int32' || type === 'int64' || type === 'uint8';
}

/** Both operands; before opset 7 `axis` says where the second lies along the first. */
export function pair(emit: Emitter): [Value, Value] {
  const { scope } = emit;
  const [a, b] = [emit.input(0), emit.input(1)];
  if (scope.opset >= 7 || !scope.has('axis')) return [a, b];
  return [a, legacyOperand(emit, b, rankOf(a), scope.int('axis'))];
}

function operator(kind: Binary): Rule {
  return (emit) => {
    const [a, b] = pair(emit);
    return [binary(emit, kind, a, b)];
  };
}

/** Whole numbers are divided towards 0. */
const div: Rule = (emit) => {
  const [a, b] = pair(emit);
  const quotient = binary(emit, 'divide', a, b);
  return [isInteger(a.type) ? unary(emit, quotient, 'trunc') : quotient];
};

const pow: Rule = (emit) => {
  const [a, b] = pair(emit);
  const square =
    b.kind === 'known' && b.data.length === 1 && Number(b.data[0]) === 2 && rankOf(b) <= rankOf(a);
  return [square ? binary(emit, 'multiply', a, a) : binary(emit, 'power', a, b)];
};

const mod: Rule = (emit, scope) => [
  binary(emit, scope.int('fmod', 0) === 1 ? 'fmod' : 'mod', emit.input(0), emit.input(1)),
];

/** Any number of operands, from the left. */
function nary(kind: Binary): Rule {
  return (emit) => [folded(emit, kind)];
}

function folded(emit: Emitter, kind: Binary): Value {
  const [first, ...rest] = emit.inputs.map((_, index) => emit.input(index));
  if (!first) return emit.scope.fail('expected an input, got none');
  return rest.reduce((all, value) => binary(emit, kind, all, value), first);
}

const mean: Rule = (emit) => [binary(emit, 'divide', folded(emit, 'add'), scalar(emit.inputs.length))];

/** `swapped`: kind(b, a); `negated`: 1 - kind. */
function comparison(kind: Binary, swapped = false, negated = false): Rule {
  return (emit) => {
    const [a, b] = pair(emit);
    const y = swapped ? binary(emit, kind, b, a, 'bool') : binary(emit, kind, a, b, 'bool');
    return [negated ? not(emit, y) : y];
  };
}

const notANumber: Rule = (emit) => {
  const x = emit.flow(0);
  return [not(emit, binary(emit, 'equal', x, x, 'bool'))];
};

const infinite: Rule = (emit, scope) => {
  const [low, high] = [scope.int('detect_negative', 1), scope.int('detect_positive', 1)];
  const x = emit.flow(0);
  if (low !== 0 && high !== 0) {
    return [binary(emit, 'equal', unary(emit, x, 'abs'), scalar(Infinity), 'bool')];
  }
  if (low === 0 && high === 0) return [binary(emit, 'less', x, scalar(-Infinity), 'bool')];
  return [binary(emit, 'equal', x, scalar(low !== 0 ? -Infinity : Infinity), 'bool')];
};

export const arithmetic: Readonly<Record<string, Rule>> = {
  Add: operator('add'),
  Sub: operator('subtract'),
  Mul: operator('multiply'),
  Div: div,
  Pow: pow,
  Mod: mod,
  Neg: (emit) => [binary(emit, 'multiply', emit.input(0), scalar(-1))],
  Max: nary('maximum'),
  Min: nary('minimum'),
  Sum: nary('add'),
  Mean: mean,
  Equal: comparison('equal'),
  Less: comparison('less'),
  LessOrEqual: comparison('lessequal'),
  Greater: comparison('less', true),
  GreaterOrEqual: comparison('lessequal', true),
  And: comparison('multiply'),
  Or: comparison('maximum'),
  Xor: comparison('equal', false, true),
  Not: (emit) => [not(emit, emit.input(0))],
  Where: (emit) => [where(emit, emit.input(0), emit.input(1), emit.input(2))],
  IsNaN: notANumber,
  IsInf: infinite,
};
