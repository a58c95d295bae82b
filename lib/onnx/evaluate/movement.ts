import { showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import {
  axesOf,
  axisOf,
  type Evaluator,
  filled,
  type Inputs,
  integersAt,
  known,
  numberOf,
  required,
  roomFor,
} from './known.js';
import {
  broadcastPositions,
  broadcastShape,
  reshaped,
  strided,
  stridesOf,
  take,
  transposed,
} from './move.js';

const first = (scope: NodeScope, inputs: Inputs): Known => required(scope, inputs, 0);

/** Shapes that Reshape may be asked for: 0 copies a length (unless allowzero), one -1 is inferred. */
export function resolveShape(
  scope: NodeScope,
  from: readonly number[],
  asked: readonly number[],
): readonly number[] {
  const copies = scope.int('allowzero', 0) === 0;
  const shape = asked.map((length, axis) => (length === 0 && copies ? (from[axis] ?? -2) : length));
  const open = shape.indexOf(-1);
  const others = sizeOf(shape.filter((_, axis) => axis !== open));
  const inferred = open < 0 ? shape : shape.with(open, others === 0 ? 0 : sizeOf(from) / others);
  if (
    inferred.every((length) => Number.isSafeInteger(length) && length >= 0) &&
    sizeOf(inferred) === sizeOf(from)
  ) {
    return inferred;
  }
  return scope.fail(`expected a shape of ${sizeOf(from)} elements, got ${showShape(asked)}`);
}

function reshape(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const asked = integersAt(scope, inputs, 1, 'shape') ?? scope.fail('expected a shape');
  return [reshaped(source, resolveShape(scope, source.shape, asked))];
}

function flatten(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const { shape } = source;
  const axis = scope.int('axis', 1);
  // Here axis may be the rank itself, too.
  const at = axis === shape.length ? axis : axisOf(scope, axis, shape.length);
  return [reshaped(source, [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))])];
}

/** A shape without the axes given, which have length 1; without all of that length where none are given. */
export function squeezed<L extends number | string>(
  scope: NodeScope,
  shape: readonly L[],
  axes: readonly number[] | undefined,
): readonly L[] {
  if (axes === undefined) return shape.filter((length) => length !== 1);
  const gone = axesOf(scope, axes, shape.length);
  if (gone.every((axis) => shape[axis] === 1)) return shape.filter((_, axis) => !gone.includes(axis));
  return scope.fail(`expected axes of length 1, got ${showShape(gone)} of ${showShape(shape)}`);
}

function squeeze(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  return [reshaped(source, squeezed(scope, source.shape, integersAt(scope, inputs, 1, 'axes')))];
}

function unsqueeze(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const asked = integersAt(scope, inputs, 1, 'axes') ?? scope.fail('expected axes');
  const shape = [...source.shape];
  for (const axis of axesOf(scope, asked, shape.length + asked.length)) shape.splice(axis, 0, 1);
  return [reshaped(source, shape)];
}

function transpose(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const rank = source.shape.length;
  const order = scope.ints(
    'perm',
    Array.from({ length: rank }, (_, axis) => rank - 1 - axis),
  );
  if (order.length !== rank || axesOf(scope, order, rank).length !== rank) {
    scope.fail(`expected perm to name each of ${rank} axes once, got ${showShape(order)}`);
  }
  return [transposed(scope, source, order)];
}

function expand(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const asked = integersAt(scope, inputs, 1, 'shape') ?? scope.fail('expected a shape');
  const shape = broadcastShape(scope, source.shape, asked);
  roomFor(scope, shape, inputs);
  const from = broadcastPositions(source.shape, shape);
  return [from ? take(source, shape, from) : reshaped(source, shape)];
}

/** How often Tile repeats each axis; opset 1 repeats one axis. */
function repeatsOf(scope: NodeScope, inputs: Inputs, rank: number): readonly number[] {
  const repeats = integersAt(scope, inputs, 1, 'repeats') ?? scope.fail('expected repeats');
  const axis = scope.opset < 6 ? integersAt(scope, inputs, 2, 'axis') : undefined;
  if (axis) return new Array<number>(rank).fill(1).with(axisOf(scope, axis[0] ?? 0, rank), repeats[0] ?? 1);
  if (repeats.length === rank && repeats.every((times) => times >= 0)) return repeats;
  return scope.fail(`expected ${rank} repeats of at least 0, got ${showShape(repeats)}`);
}

function tile(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const { shape } = source;
  const repeats = repeatsOf(scope, inputs, shape.length);
  const strides = stridesOf(shape);
  // Each axis is two: the repetitions, which do not move, and the axis itself.
  const pairs = shape.flatMap((length, axis) => [repeats[axis] as number, length]);
  const result = strided(
    scope,
    source,
    pairs,
    strides.flatMap((stride) => [0, stride]),
  );
  return [
    reshaped(
      result,
      shape.map((length, axis) => length * (repeats[axis] as number)),
    ),
  ];
}

/** Dropout at inference: nothing is dropped. */
function dropout(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const ratio = inputs[1] ? Number(numberOf(scope, inputs[1])) : 0.5;
  if (inputs[2]?.data[0] && ratio !== 0) scope.fail(`expected a ratio of 0 for training, got ${ratio}`);
  const source = first(scope, inputs);
  const type = scope.opset < 10 ? source.type : 'bool';
  return [source, known(type, source.shape, filled(type, source.data.length, 1))];
}

function depthToSpace(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const [n, c, h, w, block] = blocks(scope, source);
  const depth = c / (block * block);
  if (!Number.isInteger(depth)) scope.fail(`expected channels divisible by ${block * block}, got ${c}`);
  const columnsFirst = scope.string('mode', 'DCR') === 'CRD';
  const parts = columnsFirst ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w];
  const order = columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const moved = transposed(scope, reshaped(source, parts), order);
  return [reshaped(moved, [n, depth, h * block, w * block])];
}

function spaceToDepth(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = first(scope, inputs);
  const [n, c, h, w, block] = blocks(scope, source);
  const [rows, columns] = [h / block, w / block];
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
    scope.fail(`expected height and width divisible by ${block}, got ${h} and ${w}`);
  }
  const order = scope.string('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  const moved = transposed(scope, reshaped(source, [n, c, rows, block, columns, block]), order);
  return [reshaped(moved, [n, c * block * block, rows, columns])];
}

function blocks(scope: NodeScope, source: Known): readonly [number, number, number, number, number] {
  const [n, c, h, w] = source.shape;
  const block = scope.int('blocksize');
  if (source.shape.length !== 4 || block < 1) {
    scope.fail(`expected rank 4 and a blocksize of at least 1, got ${showShape(source.shape)} and ${block}`);
  }
  return [n as number, c as number, h as number, w as number, block];
}

/** Operators that give the same numbers in another order or shape. */
export const movements: Readonly<Record<string, Evaluator>> = {
  Identity: (scope, inputs) => [first(scope, inputs)],
  Dropout: dropout,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
