/** Half precision by its definition, in no hurry: the table of all halves, and a search for the nearest. */

/** The number that 16 bits stand for. */
export function wholeHalf(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** All halves from 0 on, the last one in the place of infinity: rounding happens as if exponents went on. */
const upwards = Float64Array.from({ length: 0x7c01 }, (_, bits) =>
  bits === 0x7c00 ? 2 ** 16 : wholeHalf(bits),
);

/** The half nearest to `x`; of two, the one whose last bit is 0. */
export function roundedHalf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(size)) return Number.NaN;
  let [low, high] = [0, 0x7c00];
  if (size >= 2 ** 16) low = high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((upwards[middle] as number) <= size) low = middle;
    else high = middle;
  }
  const [below, above] = [size - (upwards[low] as number), (upwards[high] as number) - size];
  const nearest = below < above || (below === above && low % 2 === 0) ? low : high;
  const rounded = nearest === 0x7c00 ? Number.POSITIVE_INFINITY : (upwards[nearest] as number);
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

/** Floats at every boundary: each half, the middle to the next one, and the floats beside that middle. */
export const specialHalves: Float32Array = Float32Array.from(
  [...upwards.keys()].slice(0, -1).flatMap((bits) => {
    const [here, next] = [upwards[bits] as number, upwards[bits + 1] as number];
    const middle = (here + next) / 2;
    const step = middle * 2 ** -22;
    const sign = bits % 3 === 0 ? -1 : 1;
    return [here, middle - step, middle, middle + step].map((x) => sign * x);
  }),
);
