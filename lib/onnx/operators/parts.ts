import { permute, type Range, reshape, slice, tile } from '../emit/movement.js';
import { resample } from '../emit/resample.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import { emptyKnown, numbersOf } from '../known.js';
import { NotBatched } from '../not-batched.js';
import { batch, type Flowing, type Known, type Value } from '../value.js';
import type { Rule } from './rule.js';

/** Starts, ends, axes and steps: attributes before opset 10, later inputs. */
const sliceOf: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const old = scope.opset < 10;
  const starts = old ? known(scope.ints('starts')) : emit.known(1);
  const ends = old ? known(scope.ints('ends')) : emit.known(2);
  const axes = old ? (scope.has('axes') ? known(scope.ints('axes')) : undefined) : emit.optionalKnown(3);
  const steps = old ? undefined : emit.optionalKnown(4);
  const named = axes ? numbersOf(axes) : Array.from({ length: starts.data.length }, (_, i) => i);
  const by = steps ? numbersOf(steps) : [];
  if (starts.data.length !== named.length || ends.data.length !== named.length) {
    scope.fail(`expected ${named.length} starts and ends, got ${starts.data.length} and ${ends.data.length}`);
  }
  const ranges = named.flatMap((axis, i): Range[] => {
    const at = axis < 0 ? axis + rankOf(x) : axis;
    if (x.shape[at] === undefined) emit.axis(axis, rankOf(x));
    if (x.shape[at] === batch) return wholeBatch(starts, ends, i, by[i] ?? 1);
    const [begin, end] = [numbersOf(part(starts, i))[0] ?? 0, numbersOf(part(ends, i))[0] ?? 0];
    return [rangeOf(emit, at, fixed(x.shape[at]), begin, end, by[i] ?? 1)];
  });
  return [partOf(emit, x, ranges)];
};

function known(numbers: readonly number[]): Known {
  return { kind: 'known', type: 'float64', shape: [numbers.length], data: Float64Array.from(numbers) };
}

/** Element i as a list of one. */
function part({ type, data, batches }: Known, i: number): Known {
  const one = data.subarray(i, i + 1) as Known['data'];
  return { kind: 'known', type, shape: [1], data: one, batches: batches?.subarray(i, i + 1) };
}

/** A slice of the batch has to be all of it. */
function wholeBatch(starts: Known, ends: Known, i: number, step: number): Range[] {
  const begin = Number(starts.data[i]) === 0 && (starts.batches?.[i] ?? 0) === 0;
  // A batch is never as long as what exporters write for "to the end".
  const end = (ends.batches?.[i] ?? 0) >= 1 || Number(ends.data[i]) >= 2 ** 31 - 1;
  if (!begin || !end || step !== 1) throw new NotBatched('a slice of the batch');
  return [];
}

/** Python's slice of `length` elements. */
function rangeOf(
  emit: Emitter,
  axis: number,
  length: number,
  start: number,
  end: number,
  step: number,
): Range {
  if (step === 0) emit.scope.fail('expected steps other than 0, got 0');
  const counted = (at: number): number => (at < 0 ? at + length : at);
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (at: number, least: number): number => Math.min(Math.max(counted(at), least), high);
  const begin = clamp(start, Math.max(low, 0));
  return { axis, begin, size: Math.max(Math.ceil((clamp(end, low) - begin) / step), 0), step };
}

/** A slice of nothing has no numbers, and so they are known. */
function partOf(emit: Emitter, x: Flowing, ranges: readonly Range[]): Value {
  if (ranges.every(({ size }) => size > 0)) return slice(emit, x, ranges);
  const shape = x.shape.map(
    (length, axis) => ranges.find((range) => range.axis === axis)?.size ?? fixed(length),
  );
  return emptyKnown(x.type, shape);
}

/** Equal parts, or those that `split` lists (an attribute before opset 13). */
const split: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const axis = emit.axis(scope.int('axis', 0), rankOf(x)) + emit.lead;
  const length = fixed(x.shape[axis]);
  const outputs = scope.node.outputs.length;
  const count = scope.int('num_outputs', outputs);
  if (count !== outputs) scope.fail(`expected num_outputs to be ${outputs}, got ${count}`);
  const equal = (): number[] => {
    const size = Math.ceil(length / count);
    return Array.from({ length: count }, (_, i) => Math.min(size, length - i * size));
  };
  const listed = scope.opset < 13 ? undefined : emit.optionalKnown(1);
  const attribute = scope.opset < 13 && scope.has('split') ? scope.ints('split') : undefined;
  const sizes = listed ? numbersOf(listed) : (attribute ?? equal());
  if (sizes.reduce((all, size) => all + size, 0) !== length || sizes.some((size) => size < 0)) {
    scope.fail(`expected parts that add up to ${length}, got [${sizes.join(', ')}]`);
  }
  let begin = 0;
  return sizes.map((size) => {
    const y = partOf(emit, x, [{ axis, begin, size, step: 1 }]);
    begin += size;
    return y;
  });
};

/** Slices of one axis in the place of that axis: the indices are known. */
const gather: Rule = (emit, scope) => {
  const indices = emit.known(1);
  const x = emit.flow(0);
  const axis = emit.axis(scope.int('axis', 0), rankOf(x)) + emit.lead;
  const length = fixed(x.shape[axis]);
  const places = numbersOf(indices).map((index) => (index < 0 ? index + length : index));
  const wrong = places.find((index) => index < 0 || index >= length);
  if (wrong !== undefined) scope.fail(`expected indices below ${length}, got ${wrong}`);
  const taken = taking(emit, x, axis, places);
  return [reshape(emit, taken, x.shape.toSpliced(axis, 1, ...indices.shape))];
};

/** Evenly spaced places are a slice. */
function taking(emit: Emitter, x: Flowing, axis: number, places: readonly number[]): Flowing {
  const [first] = places;
  if (first === undefined) return emit.scope.fail('expected one index or more, got none');
  const step = places.length > 1 ? (places[1] as number) - first : 1;
  const even = step !== 0 && places.every((place, i) => place === first + i * step);
  if (even) return slice(emit, x, [{ axis, begin: first, size: places.length, step }]);
  return resample(emit, x, axis, { taps: 1, index: places });
}

const tileOf: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const repeats = numbersOf(emit.known(1));
  if (repeats.length !== rankOf(x)) scope.fail(`expected ${rankOf(x)} repeats, got ${repeats.length}`);
  return [tile(emit, x, repeats)];
};

/** Blocks of channels become pixels: DCR has the place within the block outside of the channels, CRD inside. */
const depthToSpace: Rule = (emit, scope) => {
  const x = emit.flow(0, 4);
  const block = scope.int('blocksize');
  const [n = 1, channels, h, w] = x.shape;
  const mode = scope.string('mode', 'DCR');
  const c = fixed(channels) / block ** 2;
  if (rankOf(x) !== 4 || !Number.isInteger(c)) {
    scope.fail(`expected an image with ${block ** 2} times as many channels, got [${x.shape.join(', ')}]`);
  }
  const seen = reshape(emit, x, [
    n,
    ...(mode === 'DCR' ? [block, block, c] : [c, block, block]),
    fixed(h),
    fixed(w),
  ]);
  const moved = permute(emit, seen, mode === 'DCR' ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]);
  return [reshape(emit, moved, [n, c, fixed(h) * block, fixed(w) * block])];
};

/** The reverse, in both modes. */
const spaceToDepth: Rule = (emit, scope) => {
  const x = emit.flow(0, 4);
  const block = scope.int('blocksize');
  const [n = 1, channels, height, width] = x.shape;
  const [c, h, w] = [fixed(channels), fixed(height) / block, fixed(width) / block];
  if (rankOf(x) !== 4 || !Number.isInteger(h) || !Number.isInteger(w)) {
    scope.fail(
      `expected an image of which blocksize ${block} divides the sides, got [${x.shape.join(', ')}]`,
    );
  }
  const seen = reshape(emit, x, [n, c, h, block, w, block]);
  const order = scope.string('mode', 'DCR') === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
  return [reshape(emit, permute(emit, seen, order), [n, c * block ** 2, h, w])];
};

export const parts: Readonly<Record<string, Rule>> = {
  Slice: sliceOf,
  Split: split,
  Gather: gather,
  Tile: tileOf,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
