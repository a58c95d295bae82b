import type { Activation } from './activation.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

/**
 * Applies a function of an expression to the first `count` sums; false where `name` is none of them. What jumps (floor
 * to sign) sees the number that a float32 would hold: 3 - 2^-40 is 3.
 */
export function elementary(name: Activation, count: number): boolean {
  // A loop for each: one with a call or a choice in it takes several times as long.
  switch (name) {
    case 'log':
      for (let i = 0; i < count; i++) sums[i] = Math.log(sums[i] as number);
      return true;
    case 'sqrt':
      for (let i = 0; i < count; i++) sums[i] = Math.sqrt(sums[i] as number);
      return true;
    case 'abs':
      for (let i = 0; i < count; i++) sums[i] = Math.abs(sums[i] as number);
      return true;
    case 'reciprocal':
      for (let i = 0; i < count; i++) sums[i] = 1 / (sums[i] as number);
      return true;
    case 'floor':
      for (let i = 0; i < count; i++) sums[i] = Math.floor(Math.fround(sums[i] as number));
      return true;
    case 'ceil':
      for (let i = 0; i < count; i++) sums[i] = Math.ceil(Math.fround(sums[i] as number));
      return true;
    case 'round':
      for (let i = 0; i < count; i++) sums[i] = nearest(Math.fround(sums[i] as number));
      return true;
    case 'trunc':
      for (let i = 0; i < count; i++) sums[i] = Math.trunc(Math.fround(sums[i] as number));
      return true;
    case 'sign':
      for (let i = 0; i < count; i++) sums[i] = Math.sign(Math.fround(sums[i] as number));
      return true;
    case 'sin':
      for (let i = 0; i < count; i++) sums[i] = Math.sin(sums[i] as number);
      return true;
    case 'cos':
      for (let i = 0; i < count; i++) sums[i] = Math.cos(sums[i] as number);
      return true;
    default:
      return false;
  }
}

/** From here on every float64 is whole, and rounding is nothing to do. */
const whole = 2 ** 52;

/** The nearest whole number, halves to the even one: the adder of float64 rounds so, where its last bit counts ones. */
function nearest(x: number): number {
  if (!(Math.abs(x) < whole)) return x;
  return x < 0 ? x - whole + whole : x + whole - whole;
}
