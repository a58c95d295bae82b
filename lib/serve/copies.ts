/** Floats that are allocated at once for small inputs: 64 kB, which comes from memory that was used before. */
const slabSize = 2 ** 14;
/** Larger inputs have memory of their own. */
const small = slabSize / 16;

let slab = new Float32Array(0);
let used = 0;

/** A copy that only this package sees. Small ones share memory: thousands of arrays a second are work for the collector. */
export function copyOf(input: Float32Array): Float32Array {
  const { length } = input;
  if (length > small) return input.slice();
  if (used + length > slab.length) {
    slab = new Float32Array(slabSize);
    used = 0;
  }
  const copy = slab.subarray(used, used + length);
  copy.set(input);
  used += length;
  return copy;
}
