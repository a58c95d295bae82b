import type { Pair } from '../../geometry.js';
import { showShape } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import { NotBatched } from '../not-batched.js';
import type { Known, Length } from '../value.js';
import { cast } from './cast.js';
import {
  axisOf,
  type Evaluator,
  type Inputs,
  integersAt,
  integersOf,
  numberOf,
  required,
  roomFor,
  scalar,
} from './known.js';
import { stridesOf, take } from './move.js';

/** Where element `at` of a padded axis comes from, `at` counting from the first element of the source; -1: the fill. */
const sources: Readonly<Record<string, (at: number, length: number) => number>> = {
  constant: (at, length) => (at < 0 || at >= length ? -1 : at),
  edge: (at, length) => Math.min(Math.max(at, 0), length - 1),
  wrap: (at, length) => ((at % length) + length) % length,
  reflect: (at, length) => {
    // There and back again; the ends are not repeated.
    const period = Math.max(2 * (length - 1), 1);
    const there = ((at % period) + period) % period;
    return there < length ? there : period - there;
  },
};

/** Elements before and behind each axis: negative ones cut. Attributes before opset 11, inputs after it. */
export function padsOf(scope: NodeScope, inputs: Inputs, rank: number): readonly Pair[] {
  const attribute = scope.has('paddings') ? 'paddings' : 'pads';
  const asked = integersAt(scope, inputs, 1, attribute) ?? scope.fail('expected pads');
  const axes = inputs[3] ? integersOf(scope, inputs[3]) : Array.from({ length: rank }, (_, axis) => axis);
  if (asked.length !== 2 * axes.length) {
    scope.fail(`expected ${2 * axes.length} pads, got ${asked.length}`);
  }
  const pads = new Array<Pair>(rank).fill([0, 0]);
  for (const [i, axis] of axes.entries()) {
    pads[axisOf(scope, axis, rank)] = [asked[i] as number, asked[i + axes.length] as number];
  }
  return pads;
}

function pad(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const fill = inputs[2] ?? scalar('float64', scope.float('value', 0));
  const pads = padsOf(scope, inputs, source.shape.length);
  return [padded(scope, source, pads, scope.string('mode', 'constant'), fill)];
}

/** Cells around the middle of axes, or cut from their ends, until they have the lengths asked for. */
export function centringPads(
  scope: NodeScope,
  lengths: readonly Length[],
  asked: readonly number[],
): readonly Pair[] {
  const rank = lengths.length;
  const axes = scope.has('axes') ? scope.ints('axes') : lengths.map((_, axis) => axis);
  if (asked.length !== axes.length) scope.fail(`expected ${axes.length} lengths, got ${asked.length}`);
  const pads = new Array<Pair>(rank).fill([0, 0]);
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(scope, given, rank);
    const length = lengths[axis];
    if (typeof length !== 'number') throw new NotBatched('the batch is padded');
    const more = (asked[i] as number) - length;
    // Of an odd number the larger half stands behind.
    const before = Math.trunc(more / 2);
    pads[axis] = [before, more - before];
  }
  return pads;
}

function centerCropPad(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const pads = centringPads(scope, source.shape, integersOf(scope, required(scope, inputs, 1)));
  return [padded(scope, source, pads, 'constant', scalar('float64', 0))];
}

function padded(scope: NodeScope, source: Known, pads: readonly Pair[], mode: string, fill: Known): Known {
  const sourceAt = Object.hasOwn(sources, mode) ? sources[mode] : undefined;
  if (sourceAt === undefined) return scope.fail(`expected mode constant, edge, reflect or wrap, got ${mode}`);
  const shape = source.shape.map((length, axis) => length + (pads[axis]?.[0] ?? 0) + (pads[axis]?.[1] ?? 0));
  const count = roomFor(scope, shape, [source]);
  if (mode !== 'constant' && source.data.length === 0 && count > 0) {
    scope.fail(`expected numbers to repeat, got the shape ${showShape(source.shape)}`);
  }
  const strides = stridesOf(source.shape);
  let from = Int32Array.of(0);
  for (const [axis, length] of shape.entries()) {
    const stride = strides[axis] as number;
    const before = pads[axis]?.[0] ?? 0;
    const next = new Int32Array(from.length * length);
    for (let i = 0, j = 0; i < from.length; i++) {
      for (let k = 0; k < length; k++) {
        const at = sourceAt(k - before, source.shape[axis] as number);
        next[j++] = at < 0 || (from[i] as number) < 0 ? -1 : (from[i] as number) + at * stride;
      }
    }
    from = next;
  }
  return take(source, shape, from, numberOf(scope, cast(scope, fill, source.type)));
}

export const pads: Readonly<Record<string, Evaluator>> = { Pad: pad, CenterCropPad: centerCropPad };
