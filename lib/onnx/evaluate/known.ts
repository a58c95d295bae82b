import { show } from '../../errors.js';
import type { Numbers } from '../../formats/onnx/file.js';
import { type DataType, showShape, sizeOf } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import { NotBatched } from '../not-batched.js';
import type { Known } from '../value.js';

/** Inputs of a node in their order; undefined where an optional one is absent. */
export type Inputs = readonly (Known | undefined)[];

/** Computes the outputs of a node whose inputs are known. Throws a ModelFileError where they break the operator's rules. */
export type Evaluator = (scope: NodeScope, inputs: Inputs) => readonly Known[];

/** Any of the typed arrays, element by element. */
export interface Elements {
  readonly length: number;
  [index: number]: number | bigint;
}

/**
 * A result this large (16 MiB of float32) is fine in itself; a larger one has to come from as large inputs or to be in
 * proportion to the file: 152 bytes ask for no gigabyte.
 */
export const freeElements = 2 ** 22;
const perElement = 2;
const maxElements = 2 ** 28;
const smallFilling = 2 ** 16;

export const isFloat = (type: DataType): boolean => type === 'float32' || type === 'float64';

export function known(
  type: DataType,
  shape: readonly number[],
  data: Numbers,
  batches?: Float64Array,
): Known {
  return {
    kind: 'known',
    type,
    shape,
    data,
    batches: batches?.some((part) => part !== 0) ? batches : undefined,
  };
}

/** Fillings of more than a few elements are made when a node reads them: light files spell their weights so. */
export function filling(
  type: DataType,
  shape: readonly number[],
  count: number,
  value: number | bigint,
): Known {
  if (count <= smallFilling) return known(type, shape, filled(type, count, value));
  let data: Numbers | undefined;
  return {
    kind: 'known',
    type,
    shape,
    filling: true,
    get data() {
      data ??= filled(type, count, value);
      return data;
    },
  };
}

export function scalar(type: DataType, value: number | bigint): Known {
  return known(type, [], filled(type, 1, value));
}

/** A list of int64, which shapes are. */
export function integers(values: readonly number[]): Known {
  return known(
    'int64',
    [values.length],
    BigInt64Array.from(values, (value) => BigInt(value)),
  );
}

export function newNumbers(type: DataType, count: number): Numbers {
  switch (type) {
    case 'float32':
      return new Float32Array(count);
    case 'float64':
      return new Float64Array(count);
    case 'int32':
      return new Int32Array(count);
    case 'int64':
      return new BigInt64Array(count);
    default:
      return new Uint8Array(count);
  }
}

export function filled(type: DataType, count: number, value: number | bigint): Numbers {
  const data = newNumbers(type, count);
  if (data instanceof BigInt64Array) return data.fill(BigInt(value));
  return data.fill(Number(value));
}

/**
 * The number of elements of a result, before anything is allocated for it. Lengths of 0 do not excuse large ones: parts of
 * the shape are walked as well.
 */
export function roomFor(scope: NodeScope, shape: readonly number[], inputs: Inputs): number {
  const given = inputs.reduce((sum, value) => sum + (value?.data.length ?? 0), 0);
  return within(scope, shape, Math.max(given, freeElements + perElement * scope.given));
}

/** The same for a filling, which takes no memory yet: the largest dense layer of VGG has 4096 rows of 25088. */
export function roomToFill(scope: NodeScope, shape: readonly number[]): number {
  return within(scope, shape, maxElements);
}

function within(scope: NodeScope, shape: readonly number[], most: number): number {
  const wrong = shape.find((length) => !Number.isSafeInteger(length) || length < 0);
  if (wrong !== undefined) scope.fail(`expected lengths of at least 0, got ${showShape(shape)}`);
  const limit = Math.min(most, maxElements);
  if (extent(shape) <= limit) return sizeOf(shape);
  return scope.fail(
    `expected a constant result of at most ${limit} elements, got the shape ${showShape(shape)}`,
  );
}

/** The product of the lengths that are not 0. */
function extent(shape: readonly number[]): number {
  return sizeOf(shape.filter((length) => length !== 0));
}

/** Input number `index`, which has to be there. */
export function required(scope: NodeScope, inputs: Inputs, index: number): Known {
  const value = inputs[index] ?? scope.fail(`expected input ${index} to be given`);
  if (value.data.length > 0 || extent(value.shape) <= freeElements) return value;
  return scope.fail(`expected an empty input of small lengths, got the shape ${showShape(value.shape)}`);
}

/** A value whose numbers are all there. Throws NotBatched where some depend on the batch. */
export function settled(scope: NodeScope, value: Known): Known {
  if (value.batches === undefined) return value;
  throw new NotBatched(`${scope.op} of a number that depends on the batch`);
}

/** The numbers of an int32 or int64 input as safe integers; what is larger saturates, as exporters mean it. */
export function integersOf(scope: NodeScope, value: Known): number[] {
  const { data, type } = settled(scope, value);
  if (type !== 'int64' && type !== 'int32') return scope.fail(`expected integers, got ${type}`);
  return Array.from(data as ArrayLike<number | bigint>, (item) =>
    Math.min(Math.max(Number(item), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
  );
}

/** Integers that are an attribute in early opsets and an input in later ones; undefined where they are absent. */
export function integersAt(
  scope: NodeScope,
  inputs: Inputs,
  index: number,
  attribute: string,
): readonly number[] | undefined {
  const value = inputs[index];
  if (value !== undefined) return integersOf(scope, value);
  return scope.has(attribute) ? scope.ints(attribute) : undefined;
}

/** The one number of an input. */
export function numberOf(scope: NodeScope, value: Known): number | bigint {
  const first = settled(scope, value).data[0];
  if (value.data.length === 1 && first !== undefined) return first;
  return scope.fail(`expected a single number, got the shape ${showShape(value.shape)}`);
}

/** An axis counted from the front; ONNX allows -rank to rank - 1. */
export function axisOf(scope: NodeScope, axis: number, rank: number): number {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return scope.fail(`expected an axis between ${-rank} and ${rank - 1}, got ${show(axis)}`);
}

/** Axes counted from the front, each once, in ascending order. */
export function axesOf(scope: NodeScope, axes: readonly number[], rank: number): number[] {
  const found = axes.map((axis) => axisOf(scope, axis, rank)).sort((a, b) => a - b);
  if (new Set(found).size === found.length) return found;
  return scope.fail(`expected axes that differ, got ${show(axes)}`);
}
