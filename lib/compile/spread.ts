import type { Geometry } from '../ops/op.js';

const axes = [0, 1, 2, 3, 4, 5] as const;

interface Axis {
  readonly d: number;
  readonly i: number;
  readonly o: number;
}

/**
 * The geometry of a `copy` whose output has its rows of `row` floats `pitch` floats apart; undefined where it fills, or
 * would walk more axes than a kernel does.
 */
export function spread(geometry: Geometry, row: number, pitch: number): Geometry | undefined {
  const of = (letter: string, axis: number): number => geometry[`${letter}${axis}`] as number;
  if (geometry.fill || geometry.to) return undefined;
  const walked: Axis[] = [];
  for (const axis of axes) {
    const [d, i, o] = [of('d', axis), of('i', axis), of('o', axis)];
    if (d === 1) continue;
    if (o % row === 0) walked.push({ d, i, o: (o / row) * pitch });
    else if (o * d <= row) walked.push({ d, i, o });
    else {
      // Through the end of a row and into the next one: an axis for the rows, and one within.
      const within = row / o;
      if (!Number.isInteger(within) || d % within !== 0) return undefined;
      walked.push({ d: d / within, i: i * within, o: pitch }, { d: within, i, o });
    }
  }
  if (walked.length > axes.length) return undefined;
  while (walked.length < axes.length) walked.unshift({ d: 1, i: 0, o: 0 });
  const fields = walked.flatMap(({ d, i, o }, axis) => [
    [`d${axis}`, d],
    [`i${axis}`, i],
    [`o${axis}`, o],
  ]);
  return { ...geometry, ...Object.fromEntries(fields) };
}
