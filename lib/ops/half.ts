/** Numbers of IEEE 754 binary16: 11 bits of precision from 2^-14 on, multiples of 2^-24 below, 65504 at most. */

/** The largest of them. */
export const mostHalf = 65504;
const leastNormal = 2 ** -14;
/** A double of this size has 2^-24 as its last bit. */
const smallGrid = 1.5 * 2 ** 28;
/** Halfway to what would follow the largest: the least that becomes infinite. */
const overflow = 65520;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** `numbers` rounded to halves, ties to even, written to `to`, which may be `numbers`. */
export function roundedHalves(numbers: Float32Array, to: Float32Array): Float32Array {
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    const size = Math.abs(number);
    if (!(size < overflow)) to[i] = size > 0 ? Math.sign(number) * Number.POSITIVE_INFINITY : Number.NaN;
    else if (size < leastNormal) {
      const rounded = size + smallGrid - smallGrid;
      to[i] = number < 0 || Object.is(number, -0) ? -rounded : rounded;
    } else {
      float[0] = number;
      const all = bits[0] as number;
      bits[0] = (all + 0xfff + ((all >> 13) & 1)) & ~0x1fff;
      to[i] = float[0] as number;
    }
  }
  return to;
}
