import { expect } from 'vitest';

/** What a reference gives: values in float64, the sum of the absolute terms of each, and the number of terms. */
export interface Expected {
  readonly values: Float64Array;
  readonly magnitude: Float64Array;
  readonly terms: number;
}

/** Results below the smallest normal number may be flushed to zero. */
const tiny = 2 ** -126;
const huge = 3.4028235677973366e38;

/** |y - r| <= 2 K 2^-24 sum|terms| for each element: the bound of any order of summation in float32. */
export function sumBound({ magnitude, terms }: Expected): Float64Array {
  return magnitude.map((value) => 2 * terms * 2 ** -24 * value);
}

/** The i-th element as it must be, as a message; undefined where it is right. */
function complaint(i: number, actual: number, wanted: number, bound: number): string | undefined {
  if (Number.isNaN(wanted)) return Number.isNaN(actual) ? undefined : `[${i}] expected NaN, got ${actual}`;
  const rounded = Math.abs(wanted) >= huge ? Math.sign(wanted) * Number.POSITIVE_INFINITY : wanted;
  if (!Number.isFinite(rounded)) {
    return actual === rounded ? undefined : `[${i}] expected ${rounded}, got ${actual}`;
  }
  const error = Math.abs(actual - wanted);
  if (error <= bound + tiny) return undefined;
  return `[${i}] expected ${wanted}, got ${actual}: off by ${error}, allowed ${bound}`;
}

/** Every element within its bound; NaN where NaN is wanted. */
export function expectWithin(
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  bound: ArrayLike<number> | number,
): void {
  expect(actual.length).toBe(wanted.length);
  const complaints: string[] = [];
  for (let i = 0; i < wanted.length && complaints.length < 4; i++) {
    const allowed = typeof bound === 'number' ? bound : (bound[i] as number);
    const text = complaint(i, actual[i] as number, wanted[i] as number, allowed);
    if (text !== undefined) complaints.push(text);
  }
  expect(complaints).toEqual([]);
}

/** Every element equal to the float32 nearest to the reference (-0 equals 0). */
export function expectExact(actual: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expectWithin(actual, Float32Array.from(wanted), 0);
}

/** The same bits, NaN included. */
export function expectSameBits(actual: Float32Array, wanted: Float32Array): void {
  expect(actual.length).toBe(wanted.length);
  const a = new Uint32Array(Float32Array.from(actual).buffer);
  const b = new Uint32Array(Float32Array.from(wanted).buffer);
  const different = a.findIndex((bits, i) => bits !== b[i]);
  const at = different < 0 ? '' : `${actual[different]} and ${wanted[different]}`;
  expect(different, `first element with other bits: ${at}`).toBe(-1);
}

/** Relative error in the L2 norm, for whole networks. */
export function relativeError(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += ((actual[i] as number) - (wanted[i] as number)) ** 2;
    norm += (wanted[i] as number) ** 2;
  }
  return Math.sqrt(difference / Math.max(norm, Number.MIN_VALUE));
}
