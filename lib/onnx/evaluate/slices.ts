import { showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import {
  axesOf,
  axisOf,
  type Evaluator,
  type Inputs,
  integersAt,
  integersOf,
  known,
  newNumbers,
  required,
  roomFor,
} from './known.js';
import { reshaped, strided, stridesOf, taken } from './move.js';

/** Indices from the front; ONNX allows -length to length - 1. */
export function indicesOf(scope: NodeScope, indices: Known, length: number): number[] {
  return integersOf(scope, indices).map((index) => {
    if (index >= -length && index < length) return index < 0 ? index + length : index;
    return scope.fail(`expected indices between ${-length} and ${length - 1}, got ${index}`);
  });
}

function gather(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const indices = required(scope, inputs, 1);
  const axis = axisOf(scope, scope.int('axis', 0), source.shape.length);
  const list = indicesOf(scope, indices, source.shape[axis] as number);
  const result = taken(scope, source, axis, list);
  return [reshaped(result, source.shape.toSpliced(axis, 1, ...indices.shape))];
}

/** One axis of a Slice: the first element taken, the step, and how many there are. */
export interface Cut {
  readonly axis: number;
  readonly begin: number;
  readonly step: number;
  readonly size: number;
}

/** The cuts of a Slice, whose numbers are attributes before opset 10 and inputs after it. */
export function cutsOf(scope: NodeScope, inputs: Inputs, shape: readonly number[]): readonly Cut[] {
  const starts = integersAt(scope, inputs, 1, 'starts') ?? scope.fail('expected starts');
  const ends = integersAt(scope, inputs, 2, 'ends') ?? scope.fail('expected ends');
  const axes = integersAt(scope, inputs, 3, 'axes') ?? starts.map((_, i) => i);
  const steps = inputs[4] ? integersOf(scope, inputs[4]) : starts.map(() => 1);
  if (new Set([starts, ends, axes, steps].map((list) => list.length)).size > 1) {
    scope.fail('expected as many starts, ends, axes and steps');
  }
  axesOf(scope, axes, shape.length);
  return axes.map((asked, i) => {
    const axis = axisOf(scope, asked, shape.length);
    const length = shape[axis] as number;
    const [start, end, step] = [starts[i] as number, ends[i] as number, steps[i] as number];
    if (step === 0) scope.fail('expected steps that are not 0');
    if (length === 0) return { axis, begin: 0, step, size: 0 };
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
    const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + length : at, low), high);
    // A negative step begins at an element: never before the first.
    const begin = step > 0 ? clamp(start) : Math.max(clamp(start), 0);
    return { axis, begin, step, size: Math.max(Math.ceil((clamp(end) - begin) / step), 0) };
  });
}

function slice(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const strides = stridesOf(source.shape);
  const shape = [...source.shape];
  const steps = [...strides];
  let offset = 0;
  for (const { axis, begin, step, size } of cutsOf(scope, inputs, source.shape)) {
    shape[axis] = size;
    offset += begin * (strides[axis] as number);
    steps[axis] = step * (strides[axis] as number);
  }
  return [strided(scope, source, shape, steps, offset)];
}

/** The lengths of the parts of a Split along an axis: as asked for, or equal but for the last. */
export function partsOf(scope: NodeScope, inputs: Inputs, length: number): readonly number[] {
  const count = scope.node.outputs.length;
  const even = Math.ceil(length / count);
  const parts =
    integersAt(scope, inputs, 1, 'split') ??
    Array.from({ length: count }, (_, i) => Math.min(even, Math.max(length - i * even, 0)));
  if (
    parts.length === count &&
    parts.every((part) => part >= 0) &&
    parts.reduce((a, b) => a + b, 0) === length
  ) {
    return parts;
  }
  return scope.fail(`expected ${count} parts that sum to ${length}, got ${showShape(parts)}`);
}

function split(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const axis = axisOf(scope, scope.int('axis', 0), source.shape.length);
  const strides = stridesOf(source.shape);
  let begin = 0;
  return partsOf(scope, inputs, source.shape[axis] as number).map((size) => {
    const offset = begin * (strides[axis] as number);
    begin += size;
    return strided(scope, source, source.shape.with(axis, size), strides, offset);
  });
}

function concat(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const parts = inputs.map((_, i) => required(scope, inputs, i));
  const { type, shape } = required(scope, inputs, 0);
  const axis = axisOf(scope, scope.int('axis', scope.opset < 4 ? 1 : undefined), shape.length);
  const fits = (part: Known): boolean =>
    part.type === type &&
    part.shape.length === shape.length &&
    part.shape.every((length, i) => i === axis || length === shape[i]);
  const wrong = parts.find((part) => !fits(part));
  if (wrong) {
    scope.fail(
      `expected inputs that differ in axis ${axis} only, got ${type} ${showShape(shape)} and ${wrong.type} ${showShape(wrong.shape)}`,
    );
  }
  const result = shape.with(
    axis,
    parts.reduce((sum, part) => sum + (part.shape[axis] as number), 0),
  );
  const data = newNumbers(type, roomFor(scope, result, inputs));
  const batches = parts.some((part) => part.batches) ? new Float64Array(data.length) : undefined;
  // Runs of neighbours: everything from the axis on, for each index before it.
  const row = sizeOf(result.slice(axis));
  let column = 0;
  for (const part of parts) {
    const run = sizeOf(part.shape.slice(axis));
    for (let from = 0, to = column; from < part.data.length; from += run, to += row) {
      // Both are arrays of the one type.
      (data as Float64Array).set(part.data.subarray(from, from + run) as Float64Array, to);
      if (part.batches) batches?.set(part.batches.subarray(from, from + run), to);
    }
    column += run;
  }
  return [known(type, result, data, batches)];
}

/** Operators that pick ranges along axes, or join them. */
export const slices: Readonly<Record<string, Evaluator>> = {
  Gather: gather,
  Slice: slice,
  Split: split,
  Concat: concat,
};
