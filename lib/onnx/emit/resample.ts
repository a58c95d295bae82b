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

/** The tables are made at import: an axis this long is no image's, and asks for more memory than a file may. */
const maxPlaces = 2 ** 20;

/** Refuses a number of places that no table should have. */
export function checkPlaces(emit: Emitter, places: number): number {
  if (Number.isInteger(places) && places > 0 && places <= maxPlaces) return places;
  return emit.scope.fail(`expected a length from 1 to ${maxPlaces} along an axis, got ${places}`);
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
