import { sameShape, showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import { add, maximum, minimum, multiply } from './arithmetic.js';
import { type Binary, forType } from './elementwise.js';
import { axisOf, type Evaluator, type Inputs, integersOf, known, required, roomFor } from './known.js';
import { positions, stridesOf, take } from './move.js';
import { indicesOf } from './slices.js';

/** Places in `shape` of elements whose index along `axis` is given for each element of `indices`, the others being its own. */
function elementPlaces(scope: NodeScope, shape: readonly number[], indices: Known, axis: number): Int32Array {
  const fits = indices.shape.every((length, i) => i === axis || length <= (shape[i] ?? -1));
  if (indices.shape.length !== shape.length || !fits) {
    scope.fail(
      `expected indices that fit into ${showShape(shape)}, got the shape ${showShape(indices.shape)}`,
    );
  }
  const strides = stridesOf(shape);
  const places = positions(indices.shape, strides.with(axis, 0));
  const list = indicesOf(scope, indices, shape[axis] as number);
  return places.map((place, i) => place + (list[i] as number) * (strides[axis] as number));
}

function gatherElements(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const indices = required(scope, inputs, 1);
  const axis = axisOf(scope, scope.int('axis', 0), source.shape.length);
  return [take(source, indices.shape, elementPlaces(scope, source.shape, indices, axis))];
}

/** Places of the slices that the last axis of `indices` points at, below the first `batch` axes that both share. */
function slicePlaces(
  scope: NodeScope,
  shape: readonly number[],
  indices: Known,
  batch: number,
): readonly number[] {
  const depth = indices.shape.at(-1) ?? 0;
  const shared = sameShape(shape.slice(0, batch), indices.shape.slice(0, batch));
  if (batch < 0 || depth < 1 || batch + depth > shape.length || batch >= indices.shape.length || !shared) {
    scope.fail(`expected indices into ${showShape(shape)}, got the shape ${showShape(indices.shape)}`);
  }
  const strides = stridesOf(shape);
  const list = integersOf(scope, indices);
  const each = sizeOf(indices.shape.slice(batch, -1));
  const places: number[] = [];
  for (let i = 0; i * depth < list.length; i++) {
    // The shared axes, then what the index says.
    let place = Math.floor(i / each) * sizeOf(shape.slice(batch));
    for (let k = 0; k < depth; k++) {
      const length = shape[batch + k] as number;
      const index = list[i * depth + k] as number;
      if (index < -length || index >= length) {
        scope.fail(`expected indices between ${-length} and ${length - 1}, got ${index}`);
      }
      place += (index < 0 ? index + length : index) * (strides[batch + k] as number);
    }
    places.push(place);
  }
  return places;
}

function gatherNd(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const indices = required(scope, inputs, 1);
  const batch = scope.int('batch_dims', 0);
  const places = slicePlaces(scope, source.shape, indices, batch);
  const tail = source.shape.slice(batch + (indices.shape.at(-1) as number));
  const shape = [...indices.shape.slice(0, -1), ...tail];
  roomFor(scope, shape, inputs);
  const run = sizeOf(tail);
  const from = Int32Array.from(
    { length: places.length * run },
    (_, i) => (places[Math.floor(i / run)] as number) + (i % run),
  );
  return [take(source, shape, from)];
}

const second: Binary = { float: (_, b) => b, int: (_, b) => b, long: (_, b) => b };
const reductions: ReadonlyMap<string, Binary> = new Map([
  ['none', second],
  ['add', add],
  ['mul', multiply],
  ['min', minimum],
  ['max', maximum],
]);

/** A copy of the source with updates written at places, or combined with what is there. */
function scattered(scope: NodeScope, source: Known, updates: Known, places: Int32Array): Known {
  const name = scope.string('reduction', 'none');
  const binary =
    reductions.get(name) ?? scope.fail(`expected reduction none, add, mul, min or max, got ${name}`);
  if (updates.type !== source.type || updates.data.length !== places.length) {
    scope.fail(
      `expected ${places.length} updates of ${source.type}, got ${updates.data.length} of ${updates.type}`,
    );
  }
  const combine = forType(source.type, binary);
  const data = source.data.slice();
  const [to, from] = [data as Float64Array, updates.data as Float64Array];
  for (const [i, place] of places.entries()) to[place] = combine(to[place] as number, from[i] as number);
  return known(source.type, source.shape, data);
}

function scatterElements(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const axis = axisOf(scope, scope.int('axis', 0), source.shape.length);
  const places = elementPlaces(scope, source.shape, required(scope, inputs, 1), axis);
  return [scattered(scope, source, required(scope, inputs, 2), places)];
}

function scatterNd(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const indices = required(scope, inputs, 1);
  const starts = slicePlaces(scope, source.shape, indices, 0);
  const run = sizeOf(source.shape.slice(indices.shape.at(-1) as number));
  roomFor(scope, [starts.length, run], inputs);
  const places = Int32Array.from(
    { length: starts.length * run },
    (_, i) => (starts[Math.floor(i / run)] as number) + (i % run),
  );
  return [scattered(scope, source, required(scope, inputs, 2), places)];
}

/** Reading at computed places; these carry the batch. */
export const gathers: Readonly<Record<string, Evaluator>> = {
  GatherElements: gatherElements,
  GatherND: gatherNd,
};

/** Writing at computed places; Scatter is the name ScatterElements had before opset 11. */
export const scatters: Readonly<Record<string, Evaluator>> = {
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
};
