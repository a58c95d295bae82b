import type { Program } from '../backend/backend.js';
import type { Plan } from '../graph/plan.js';
import { overlaps } from '../tensor.js';

/*
 * One resident copy of large weights (`lowMemory`). Once a program holds them in a packed form that can be undone, the
 * memory of the raw array goes back to the system: the array stays where it is and reads as 0 until the program writes it
 * again. Whoever reads weights asks here first, and no program ends before it has given back what only it has.
 */

interface Absent {
  readonly array: Float32Array;
  readonly program: Program;
  readonly constant: number;
}

/** By the memory, since other arrays may be views of it. */
const absent = new WeakMap<ArrayBufferLike, Map<Float32Array, Absent>>();
/** Arrays whose every reader asks here. */
const movable = new WeakSet<Float32Array>();
/** Memory of which somebody holds arrays who does not. */
const lent = new WeakSet<ArrayBufferLike>();

/** Less is not worth the way back. */
const leastBytes = 2 ** 20;

/** From now on these arrays are read through `bringBack`, `lend` or `copyOf` only. */
export function mayLeave(arrays: readonly Float32Array[]): void {
  for (const array of arrays) movable.add(array);
}

/** Gives back to the system the memory of those constants of a program that can leave; answers which they are. */
export function sendAway(program: Program, constants: Plan['constants']): readonly Float32Array[] {
  return constants.filter((array, constant): array is Float32Array => {
    if (!(array instanceof Float32Array) || array.byteLength < leastBytes) return false;
    if (!movable.has(array) || lent.has(array.buffer)) return false;
    if (!program.giveBack?.(constant, array)) return false;
    const others = absent.get(array.buffer) ?? new Map<Float32Array, Absent>();
    absent.set(array.buffer, others.set(array, { array, program, constant }));
    return true;
  });
}

/** Writes what is absent of the memory under these numbers. */
export function bringBack({ buffer }: ArrayBufferView): void {
  for (const { array, program, constant } of absent.get(buffer)?.values() ?? []) {
    program.unpack?.(constant, array);
  }
  absent.delete(buffer);
}

/** The same for what this program alone has: it is about to end. */
export function bringBackFrom(program: Program, arrays: readonly Float32Array[]): void {
  for (const array of arrays) {
    if (absent.get(array.buffer)?.get(array)?.program === program) bringBack(array);
  }
}

/** Brings the numbers back for somebody who keeps them: they do not leave again. */
export function lend(numbers: ArrayBufferView): void {
  bringBack(numbers);
  lent.add(numbers.buffer);
}

/** A copy for the user; what is absent stays so. */
export function copyOf(array: Float32Array): Float32Array {
  const all = absent.get(array.buffer);
  const own = all?.get(array);
  if (own) {
    const copy = new Float32Array(array.length);
    own.program.unpack?.(own.constant, copy);
    return copy;
  }
  for (const other of all?.keys() ?? []) {
    if (overlaps(other, array)) bringBack(array);
  }
  return array.slice();
}
