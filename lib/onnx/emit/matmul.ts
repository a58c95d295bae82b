import type { MatmulAttributes } from '../../ops/index.js';
import { type Emitter, rankOf } from '../emitter.js';
import { NotBatched } from '../not-batched.js';
import type { Flowing, Value } from '../value.js';

/**
 * a [..., m, k] and b [..., k, n] with axes before the last two that broadcast -> [..., m, n]; a may be [k] alone.
 * `transposeA` and `transposeB` are for matrices. `bias` is a shared value [n].
 */
export function matmul(
  emit: Emitter,
  a: Value,
  b: Value,
  attributes: MatmulAttributes,
  bias?: number,
): Flowing {
  if (rankOf(a) === 0 || rankOf(b) < 2) emit.scope.fail('expected vectors or matrices, got a single number');
  const [p, q] = sides(emit, a, b, attributes);
  const biases = bias === undefined ? [] : [bias];
  const [pShape, qShape] = [emit.shapeOf(p), emit.shapeOf(q)];
  const product = (left: number, right: number): Flowing =>
    emit.apply('matmul', attributes, [left, right, ...biases], a.type);
  if (qShape.length === 2) return product(p, q);
  // Matrices in b for every index before them.
  const rows = pShape.length === 1 ? [1, ...pShape] : pShape;
  const outer = broadcast(emit, rows.slice(0, -2), qShape.slice(0, -2));
  const y = product(
    expanded(emit, p, pShape, rows, [...outer, ...rows.slice(-2)]),
    expanded(emit, q, qShape, qShape, [...outer, ...qShape.slice(-2)]),
  );
  if (pShape.length > 1) return y;
  const shape = emit.shapeOf(y.id);
  return emit.apply('reshape', { shape: [...shape.slice(0, -2), ...shape.slice(-1)] }, [y.id], a.type);
}

/** Both as values of the graph. A free batch may be rows of a, or in front of matrices on both sides. */
function sides(
  emit: Emitter,
  a: Value,
  b: Value,
  { transposeA = false }: MatmulAttributes,
): [number, number] {
  if (emit.lead === 1) {
    const [p, q] = [rankOf(a), rankOf(b)];
    const rows = a.kind === 'flowing' && b.kind === 'known' && q === 2 && p >= 2 && !transposeA;
    const outer = Math.max(p, q) >= 3 && (a.kind === 'known' || p >= q) && (b.kind === 'known' || q >= p);
    if (!rows && !outer) throw new NotBatched('a product sums over the batch');
  }
  const matrix = (value: Value, rank: number): number =>
    emit.beside(value, rankOf(value) <= 2 ? Number.POSITIVE_INFINITY : rank);
  return [matrix(a, rankOf(b)), matrix(b, rankOf(a))];
}

/** NumPy's broadcast of the axes before matrices. */
function broadcast(emit: Emitter, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) {
      emit.scope.fail(
        `expected matrices whose other axes broadcast, got [${a.join(', ')}] and [${b.join(', ')}]`,
      );
    }
    return p === 1 ? q : p;
  });
}

/** The value `id`, first under the shape `from`, then broadcast to `to`. */
function expanded(
  emit: Emitter,
  id: number,
  shape: readonly number[],
  from: readonly number[],
  to: readonly number[],
): number {
  const seen = from.length === shape.length ? id : emit.apply('reshape', { shape: from }, [id], 'float32').id;
  if (from.join() === to.join()) return seen;
  return emit.apply('copy', { kind: 'expand', shape: to }, [seen], 'float32').id;
}
