/** Seeded random numbers (mulberry32): the same test data on every machine. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `size` floats in [low, high). */
export function floats(next: () => number, size: number, low = -1, high = 1): Float32Array {
  return Float32Array.from({ length: size }, () => low + (high - low) * next());
}

/** `size` whole numbers in [-range, range]: sums of their products are exact in float32. */
export function integers(next: () => number, size: number, range = 8): Float32Array {
  return Float32Array.from({ length: size }, () => Math.floor(next() * (2 * range + 1)) - range);
}

/** Values that floating point treats specially, of both signs. */
export const specials: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  -(2 ** -126),
  2 ** -30,
  -(2 ** -30),
  0.5,
  -0.5,
  1,
  -1,
  3,
  -3,
  6,
  -6,
  9,
  -9,
  20,
  -20,
  88,
  -88,
  89,
  -89,
  104,
  -104,
  1e10,
  -1e10,
  3.4028234663852886e38,
  -3.4028234663852886e38,
];
