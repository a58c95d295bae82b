import type { Pair } from '../../geometry.js';
import { pad, type Range, slice } from '../emit/movement.js';
import { checkPlaces, resample } from '../emit/resample.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { centringPads } from '../evaluate/pad.js';
import { numbersOf } from '../known.js';
import type { Flowing } from '../value.js';
import type { Rule } from './rule.js';

/** [before, after] per axis; negative ones cut cells off. */
const padOf: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const mode = scope.string('mode', 'constant');
  const old = scope.opset < 11;
  const attribute = scope.opset < 2 ? 'paddings' : 'pads';
  const pads = old ? scope.ints(attribute) : numbersOf(emit.known(1));
  const given = old ? undefined : emit.optionalKnown(2);
  const value = old ? scope.float('value', 0) : Number(given?.data[0] ?? 0);
  const listed = old ? undefined : emit.optionalKnown(3);
  const axes = listed ? numbersOf(listed) : x.shape.map((_, axis) => axis);
  if (pads.length !== 2 * axes.length) {
    scope.fail(`expected ${2 * axes.length} pads, got ${pads.length}`);
  }
  const sides = x.shape.map((): Pair => [0, 0]);
  for (const [i, axis] of axes.entries()) {
    const pair: Pair = [pads[i] as number, pads[i + axes.length] as number];
    if (pair[0] !== 0 || pair[1] !== 0) sides[emit.axis(axis, rankOf(x)) + emit.lead] = pair;
  }
  return [mode === 'constant' ? framed(emit, x, sides, value) : mirrored(emit, x, sides, mode)];
};

/** The lengths are those of `shape`; the middle stays where it is. */
const centerCropPad: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const asked = numbersOf(emit.known(1));
  const sides = centringPads(scope, x.shape, asked);
  return [framed(emit, x, sides, 0)];
};

function framed(emit: Emitter, x: Flowing, sides: readonly Pair[], value: number): Flowing {
  const cut = slice(
    emit,
    x,
    sides.flatMap(([before, after], axis): Range[] => {
      if (before >= 0 && after >= 0) return [];
      const begin = Math.max(-before, 0);
      return [{ axis, begin, size: fixed(x.shape[axis]) - begin - Math.max(-after, 0), step: 1 }];
    }),
  );
  const added = sides.map(([before, after]): Pair => [Math.max(before, 0), Math.max(after, 0)]);
  return pad(emit, cut, added, value);
}

const outside: ReadonlyMap<string, (at: number, length: number) => number> = new Map([
  ['edge', (at: number, length: number) => Math.min(Math.max(at, 0), length - 1)],
  ['wrap', (at: number, length: number) => ((at % length) + length) % length],
  [
    'reflect',
    (at: number, length: number) => {
      if (length === 1) return 0;
      const period = 2 * (length - 1);
      const place = ((at % period) + period) % period;
      return place < length ? place : period - place;
    },
  ],
]);

/** Cells beyond an end are cells of x. */
function mirrored(emit: Emitter, x: Flowing, sides: readonly Pair[], mode: string): Flowing {
  const place = outside.get(mode);
  if (!place) return emit.scope.fail(`expected mode to be constant, edge, reflect or wrap, got ${mode}`);
  return sides.reduce((y, [before, after], axis) => {
    if (before === 0 && after === 0) return y;
    const length = fixed(x.shape[axis]);
    const count = checkPlaces(emit, before + length + after);
    return resample(emit, y, axis, {
      taps: 1,
      index: Array.from({ length: count }, (_, i) => place(i - before, length)),
    });
  }, x);
}

export const padding: Readonly<Record<string, Rule>> = { Pad: padOf, CenterCropPad: centerCropPad };
