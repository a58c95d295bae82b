import type { Reduction } from '../../ops/index.js';
import type { DataType } from '../../tensor.js';
import { type Emitter, rankOf } from '../emitter.js';
import type { Flowing } from '../value.js';
import { reshape } from './movement.js';

/**
 * Over any axes of ONNX, negative ones from the end: one node for each run of neighbours, the last axes first. `kind`
 * gives the same in several steps as in one (a mean of means of equally many numbers is their mean).
 */
export function reduce(
  emit: Emitter,
  kind: Reduction,
  x: Flowing,
  axes: readonly number[],
  keepDims: boolean,
  type: DataType = x.type,
): Flowing {
  const rank = rankOf(x);
  const sorted = [...new Set(axes.map((axis) => emit.axis(axis, rank)))].sort((a, b) => a - b);
  let y = x;
  for (let end = sorted.length; end > 0; ) {
    let begin = end - 1;
    while (begin > 0 && sorted[begin - 1] === (sorted[begin] as number) - 1) begin -= 1;
    y = emit.apply('reduce', { kind, axes: sorted.slice(begin, end), keepDims: true }, [y.id], type);
    end = begin;
  }
  if (keepDims) return y;
  return reshape(
    emit,
    y,
    y.shape.filter((_, axis) => !sorted.includes(axis - emit.lead)),
  );
}
