import { type Emitter, rankOf } from '../emitter.js';
import type { Flowing } from '../value.js';

/** For each place of the output `taps` places of the input, row after row; without weights each counts once. */
export interface Taps {
  readonly taps: number;
  readonly index: readonly number[];
  readonly weight?: readonly number[];
  /** What stands at a negative index. */
  readonly fill?: number | undefined;
}

/** y[i] = sum over t of weight[i, t] x[index[i, t]] along one axis of ONNX. */
export function resample(
  emit: Emitter,
  x: Flowing,
  axis: number,
  { taps, index, weight, fill = 0 }: Taps,
): Flowing {
  const shape = [index.length / taps, taps];
  const weights = weight ? Float32Array.from(weight) : new Float32Array(index.length).fill(1);
  const tables = [emit.constant(shape, Float32Array.from(index)), emit.constant(shape, weights)];
  return emit.apply('resample', { axis: emit.axis(axis, rankOf(x)), fill }, [x.id, ...tables], x.type);
}
