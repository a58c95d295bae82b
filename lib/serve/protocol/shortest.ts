/** Powers of ten that float64 holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const smallestNormal = 2 ** -126;

/**
 * The shortest decimal that a reader rounds to this very float32: 0.1 and not 0.10000000149011612. Nine digits are always
 * enough, six never too many for a normal number. `value` is finite.
 */
export function shortest(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = Math.abs(value);
  // Whole numbers of float32 below 2^24 are their own shortest decimals.
  if (size < 2 ** 24 && Number.isInteger(value)) return String(value);
  const point = Math.floor(Math.log10(size));
  for (let digits = size < smallestNormal ? 1 : 6; digits < 9; digits++) {
    const near = rounded(value, digits, point);
    if (Math.fround(near) === value) return String(near);
  }
  return String(rounded(value, 9, point));
}

/** The number of this many digits that is nearest to the value, whose first digit is that of 10^point. */
function rounded(value: number, digits: number, point: number): number {
  const places = digits - 1 - point;
  if (places < 0 || places > 22) return Number(value.toPrecision(digits));
  const power = powers[places] as number;
  return Math.round(value * power) / power;
}
