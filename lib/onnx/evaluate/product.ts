import { sameShape, showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import { add, multiply } from './arithmetic.js';
import { cast } from './cast.js';
import { combined, forType, sameType } from './elementwise.js';
import {
  axisOf,
  type Evaluator,
  filled,
  type Inputs,
  isFloat,
  known,
  newNumbers,
  required,
  roomFor,
} from './known.js';
import { broadcastShape, positions, reshaped, stridesOf, transposed } from './move.js';

/** A few seconds of work; constants that take more were not meant to be multiplied at import. */
const maxProducts = 2 ** 30;

/** Matrix products over broadcast leading axes: [..., m, k] by [..., k, n]. */
function multiplied(scope: NodeScope, a: Known, b: Known): Known {
  const type = sameType(scope, a, b);
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [rows, n] = b.shape.slice(-2) as [number, number];
  if (k !== rows)
    scope.fail(`expected factors that fit, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  const lead = broadcastShape(scope, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...lead, m, n];
  if (roomFor(scope, shape, [a, b]) * k > maxProducts) {
    scope.fail(`expected at most ${maxProducts} products of constants, got ${sizeOf(shape) * k}`);
  }
  const data = newNumbers(type, sizeOf(shape));
  const [to, x, y] = [data, a.data, b.data] as [Float64Array, Float64Array, Float64Array];
  const [plus, times] = [forType(type, add), forType(type, multiply)];
  const zero = (type === 'int64' ? 0n : 0) as number;
  const [startsA, startsB] = [matrices(a, lead), matrices(b, lead)];
  for (let matrix = 0, at = 0; matrix < startsA.length; matrix++) {
    const [startA, startB] = [startsA[matrix] as number, startsB[matrix] as number];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = zero;
        for (let p = 0; p < k; p++) {
          sum = plus(sum, times(x[startA + i * k + p] as number, y[startB + p * n + j] as number));
        }
        to[at++] = sum;
      }
    }
  }
  return known(type, shape, data);
}

/** Where the matrix for each index of the leading axes begins. */
function matrices({ shape }: Known, lead: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  const extra = lead.length - (shape.length - 2);
  return positions(
    lead,
    lead.map((_, axis) =>
      axis < extra || shape[axis - extra] === 1 ? 0 : (strides[axis - extra] as number),
    ),
  );
}

/** As NumPy's matmul: a vector on the left is a row, one on the right a column, and that axis is gone in the result. */
function matMul(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const [a, b] = [required(scope, inputs, 0), required(scope, inputs, 1)];
  if (a.shape.length === 0 || b.shape.length === 0) scope.fail('expected factors with axes, got a scalar');
  const row = a.shape.length === 1;
  const column = b.shape.length === 1;
  const left = row ? reshaped(a, [1, ...a.shape]) : a;
  const right = column ? reshaped(b, [...b.shape, 1]) : b;
  const product = multiplied(scope, left, right);
  const rank = product.shape.length;
  const shape = product.shape.filter(
    (_, axis) => !(row && axis === rank - 2) && !(column && axis === rank - 1),
  );
  return [reshaped(product, shape)];
}

/** alpha A B + beta C. */
function gemm(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const factor = (index: number, flag: string): Known => {
    const matrix = required(scope, inputs, index);
    if (matrix.shape.length !== 2) scope.fail(`expected matrices, got the shape ${showShape(matrix.shape)}`);
    return scope.int(flag, 0) === 0 ? matrix : transposed(scope, matrix, [1, 0]);
  };
  const product = multiplied(scope, factor(0, 'transA'), factor(1, 'transB'));
  const scaled = times(scope, product, scope.float('alpha', 1));
  const added = inputs[2];
  if (added === undefined) return [scaled];
  sameType(scope, product, added);
  const sum = combined(scope, scaled, times(scope, added, scope.float('beta', 1)), scaled.type, add);
  if (sameShape(sum.shape, product.shape)) return [sum];
  return scope.fail(`expected C to fit into ${showShape(product.shape)}, got ${showShape(added.shape)}`);
}

function times(scope: NodeScope, value: Known, factor: number): Known {
  if (factor === 1) return value;
  const wide = cast(scope, value, 'float64');
  return cast(
    scope,
    known(
      'float64',
      value.shape,
      (wide.data as Float64Array).map((x) => x * factor),
    ),
    value.type,
  );
}

/** One row in, one row out. */
type RowFunction = (row: Float64Array) => Float64Array;

function softmaxRow(row: Float64Array): Float64Array {
  const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = row.map((x) => Math.exp(x - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / total);
}

function logSoftmaxRow(row: Float64Array): Float64Array {
  const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const shift = most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return row.map((x) => x - shift);
}

function hardmaxRow(row: Float64Array): Float64Array {
  const best = row.indexOf(row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  return row.map((_, i) => (i === best ? 1 : 0));
}

/** Along one axis; before opset 13 over all axes from that one on. */
const alongAxis =
  (compute: RowFunction): Evaluator =>
  (scope, inputs) => {
    const source = required(scope, inputs, 0);
    if (!isFloat(source.type)) scope.fail(`expected float32 or float64, got ${source.type}`);
    const { shape } = source;
    const old = scope.opset < 13;
    const axis = axisOf(scope, scope.int('axis', old ? 1 : -1), shape.length);
    const length = old ? sizeOf(shape.slice(axis)) : (shape[axis] as number);
    const inner = old ? 1 : sizeOf(shape.slice(axis + 1));
    const data = filled(source.type, source.data.length, 0) as Float64Array;
    for (let start = 0; start < data.length; start += length * inner) {
      for (let i = 0; i < inner; i++) {
        const row = Float64Array.from({ length }, (_, k) => source.data[start + k * inner + i] as number);
        for (const [k, value] of compute(row).entries()) data[start + k * inner + i] = value;
      }
    }
    return [known(source.type, shape, data)];
  };

/** Products of matrices, and functions of whole rows. */
export const products: Readonly<Record<string, Evaluator>> = {
  MatMul: matMul,
  Gemm: gemm,
  Softmax: alongAxis(softmaxRow),
  LogSoftmax: alongAxis(logSoftmaxRow),
  Hardmax: alongAxis(hardmaxRow),
};
