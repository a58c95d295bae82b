import { type DataType, showShape } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import { type Elements, isFloat, known, newNumbers, roomFor } from './known.js';
import { broadcastPositions, broadcastShape, reshaped } from './move.js';

/** A function of two numbers in each of the arithmetics: floats, integers of at most 32 bits, integers of 64 bits. */
export interface Binary {
  readonly float: (a: number, b: number) => number;
  readonly int: (a: number, b: number) => number;
  readonly long: (a: bigint, b: bigint) => bigint;
}

/** How a result depends on the batch: of two numbers a + p n and b + q n the factor of n; undefined where that is not linear. */
export type Linear = (a: number, p: number, b: number, q: number) => number | undefined;

/** The one of the three functions that computes numbers of a type; what they return is rounded or wrapped when stored. */
export function forType(type: DataType, binary: Binary): (a: number, b: number) => number {
  if (type === 'int64') return binary.long as unknown as (a: number, b: number) => number;
  return isFloat(type) ? binary.float : binary.int;
}

/** Calls `visit` with the places of both elements for each element of the broadcast shape. */
export function zip(
  scope: NodeScope,
  a: Known,
  b: Known,
  visit: (i: number, atA: number, atB: number) => void,
): { readonly shape: readonly number[]; readonly count: number } {
  const shape = broadcastShape(scope, a.shape, b.shape);
  const count = roomFor(scope, shape, [a, b]);
  const fromA = broadcastPositions(a.shape, shape);
  const fromB = broadcastPositions(b.shape, shape);
  for (let i = 0; i < count; i++) {
    visit(i, fromA ? (fromA[i] as number) : i, fromB ? (fromB[i] as number) : i);
  }
  return { shape, count };
}

/** NumPy broadcasting of two inputs of one type. */
export function combined(scope: NodeScope, a: Known, b: Known, type: DataType, binary: Binary): Known {
  const shape = broadcastShape(scope, a.shape, b.shape);
  const data = newNumbers(type, roomFor(scope, shape, [a, b]));
  const apply = forType(a.type, binary);
  // The function is the one for these arrays.
  const [to, x, y] = [data as Elements, a.data as Float64Array, b.data as Float64Array];
  zip(scope, a, b, (i, atA, atB) => {
    to[i] = apply(x[atA] as number, y[atB] as number);
  });
  return known(type, shape, data);
}

export function sameType(scope: NodeScope, a: Known, b: Known): DataType {
  if (a.type === b.type) return a.type;
  return scope.fail(`expected inputs of one data type, got ${a.type} and ${b.type}`);
}

/**
 * The second input of an operator before opset 7 as NumPy broadcasting understands it: its axes stand at `axis` of the
 * first input's, or at its end.
 */
export function legacyOperand(scope: NodeScope, a: Known, b: Known): Known {
  if (scope.opset >= 7 || !scope.has('axis')) return b;
  return reshaped(b, legacyShape(scope, a.shape.length, b.shape));
}

export function legacyShape(scope: NodeScope, rank: number, shape: readonly number[]): readonly number[] {
  const asked = scope.int('axis', 0);
  const after = rank - (asked < 0 ? asked + rank : asked) - shape.length;
  if (after < 0)
    scope.fail(`expected an axis at which ${showShape(shape)} fits into rank ${rank}, got ${asked}`);
  return [...shape, ...new Array<number>(after).fill(1)];
}
