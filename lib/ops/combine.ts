import type { Binary } from './binary.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

/** sums[i] = a[p + i aStep] kind b[q + i bStep] for i < count. */
export function combine(
  kind: Binary,
  a: Float32Array,
  p: number,
  aStep: number,
  b: Float32Array,
  q: number,
  bStep: number,
  count: number,
): void {
  // A loop per frequent kind: one with a call or a choice in it takes several times as long.
  switch (kind) {
    case 'add':
      for (let i = 0; i < count; i++, p += aStep, q += bStep) sums[i] = (a[p] as number) + (b[q] as number);
      break;
    case 'multiply':
      for (let i = 0; i < count; i++, p += aStep, q += bStep) sums[i] = (a[p] as number) * (b[q] as number);
      break;
    case 'subtract':
      for (let i = 0; i < count; i++, p += aStep, q += bStep) sums[i] = (a[p] as number) - (b[q] as number);
      break;
    case 'divide':
      for (let i = 0; i < count; i++, p += aStep, q += bStep) sums[i] = (a[p] as number) / (b[q] as number);
      break;
    case 'minimum':
      for (let i = 0; i < count; i++, p += aStep, q += bStep) {
        sums[i] = Math.min(a[p] as number, b[q] as number);
      }
      break;
    case 'maximum':
      for (let i = 0; i < count; i++, p += aStep, q += bStep) {
        sums[i] = Math.max(a[p] as number, b[q] as number);
      }
      break;
    case 'power':
      if (bStep === 0 && b[q] === 2) combine('multiply', a, p, aStep, a, p, aStep, count);
      else {
        for (let i = 0; i < count; i++, p += aStep, q += bStep) {
          sums[i] = power(a[p] as number, b[q] as number);
        }
      }
      break;
    default:
      for (let i = 0; i < count; i++, p += aStep, q += bStep) {
        sums[i] = combined(kind, a[p] as number, b[q] as number);
      }
  }
}

function combined(kind: Binary, a: number, b: number): number {
  switch (kind) {
    case 'equal':
      return a === b ? 1 : 0;
    case 'less':
      return a < b ? 1 : 0;
    case 'lessequal':
      return a <= b ? 1 : 0;
    case 'mod':
      return remainder(a, b);
    case 'fmod':
      return a % b;
    default:
      // prelu
      return a >= 0 ? a : a * b;
  }
}

/** C's pow: unlike in JavaScript, 1 to any power and -1 to an infinite one are 1. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY)) return 1;
  return a ** b;
}

/** The remainder with the sign of the divisor, as in Python. */
function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}
