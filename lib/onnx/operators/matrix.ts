import { binary, scalar } from '../emit/elementwise.js';
import { matmul } from '../emit/matmul.js';
import { reshape } from '../emit/movement.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { mapped } from '../known.js';
import type { Value } from '../value.js';
import type { Rule } from './rule.js';

/** alpha A' B' + beta C, with C broadcast to [m, n]; opset 1 to 6: only with the attribute `broadcast`. */
const gemm: Rule = (emit, scope) => {
  const [a, b, c] = [emit.input(0), emit.input(1), emit.inputs[2]];
  if (rankOf(a) !== 2 || rankOf(b) !== 2) {
    scope.fail(`expected matrices, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  }
  const [alpha, beta] = [scope.float('alpha', 1), scope.float('beta', 1)];
  const attributes = {
    transposeA: scope.int('transA', 0) !== 0,
    transposeB: scope.int('transB', 0) !== 0,
  };
  const n = b.shape[attributes.transposeB ? 0 : 1];
  const shift = c && beta !== 0 ? times(emit, c, beta) : undefined;
  const bias = alpha === 1 && shift ? vectorOf(emit, shift, n) : undefined;
  const product = matmul(emit, a, b, attributes, bias);
  const scaled = alpha === 1 ? product : binary(emit, 'multiply', product, scalar(alpha));
  return [shift && bias === undefined ? binary(emit, 'add', scaled, shift) : scaled];
};

function times(emit: Emitter, value: Value, factor: number): Value {
  if (factor === 1) return value;
  if (value.kind === 'known') return mapped(value, (number) => number * factor);
  return binary(emit, 'multiply', value, scalar(factor));
}

/** C as a bias of the product, where it is one number per column and no sample value. */
function vectorOf(emit: Emitter, c: Value, n: unknown): number | undefined {
  const vector = c.shape.at(-1) === n && c.shape.slice(0, -1).every((length) => length === 1);
  if (!vector || (c.kind === 'flowing' && !emit.isShared(c))) return undefined;
  return emit.shared(c, 2, [fixed(c.shape.at(-1))]);
}

/** NumPy's product of two values of any rank. */
const matMul: Rule = (emit) => {
  const [a, b] = [emit.input(0), emit.input(1)];
  if (rankOf(b) === 1) {
    const product = matmul(emit, a, reshape(emit, b, [...b.shape, 1]), {});
    return [reshape(emit, product, product.shape.slice(0, -1))];
  }
  return [matmul(emit, a, b, {})];
};

export const matrix: Readonly<Record<string, Rule>> = { Gemm: gemm, MatMul: matMul };
