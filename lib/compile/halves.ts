import type { Value } from '../graph/graph.js';
import { mostHalf } from '../ops/half.js';

/**
 * Below this root mean square too many numbers would be subnormal halves, multiples of 2^-24, and their errors together
 * more than those of 11 bits.
 */
const leastSize = 2 ** -13;

/** Whether half precision keeps these constants to about 2^-12 of their size: none is too large, and not all are too small. */
export function fitHalves({ data, scaled }: Value): boolean {
  const numbers = data ?? scaled?.data;
  if (!numbers) return false;
  const { scale, inner } = scaled ?? { scale: Float64Array.of(1), inner: numbers.length };
  let squares = 0;
  let most = 0;
  for (let i = 0, c = 0; i < numbers.length; c = c + 1 === scale.length ? 0 : c + 1) {
    const factor = scale[c] as number;
    for (const end = i + inner; i < end; i++) {
      const size = Math.abs((numbers[i] as number) * factor);
      if (size > most) most = size;
      squares += size * size;
    }
  }
  return most <= mostHalf && squares >= leastSize ** 2 * numbers.length;
}
