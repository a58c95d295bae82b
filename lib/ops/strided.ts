import { ShapeError } from '../errors.js';
import { listed } from './check.js';

/** Most axes that a strided kernel walks. */
const maxAxes = 6;

/** A box of indices, and for each of some memories the floats from one index to the next along each axis. */
export interface Strided {
  readonly lengths: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** Row-major strides of a shape. */
export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((all, length) => all * length, 1));
}

/**
 * The same walk with as few axes as possible: axes of length 1 vanish, and two axes become one where every memory
 * steps through them evenly. Six axes come out, those that are not needed in front and of length 1.
 */
export function collapsed({ lengths, strides }: Strided): Strided {
  const axes: { length: number; steps: number[] }[] = [];
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    const length = lengths[axis] as number;
    const steps = strides.map((of) => of[axis] as number);
    const inner = axes.at(-1);
    if (length === 1) continue;
    if (inner?.steps.every((step, i) => steps[i] === step * inner.length)) inner.length *= length;
    else axes.push({ length, steps });
  }
  if (axes.length > maxAxes) {
    throw new ShapeError(
      `expected at most ${maxAxes} axes that cannot be merged, got ${axes.length} of ${listed(lengths)}`,
    );
  }
  while (axes.length < maxAxes) axes.push({ length: 1, steps: strides.map(() => 0) });
  axes.reverse();
  return {
    lengths: axes.map(({ length }) => length),
    strides: strides.map((_, i) => axes.map(({ steps }) => steps[i] as number)),
  };
}

/** Numbers as geometry fields: `d0` to `d5`. */
export function numbered(letter: string, values: readonly number[]): Record<string, number> {
  return Object.fromEntries(values.map((value, i) => [`${letter}${i}`, value]));
}

/** Names of the fields of `letters`, six each. */
export function numberedNames(...letters: readonly string[]): string[] {
  return letters.flatMap((letter) => Array.from({ length: maxAxes }, (_, i) => `${letter}${i}`));
}
