import { OptionError, ShapeError, show, withArticle } from './errors.js';
import { isList } from './options.js';

/** Data types and the typed array that holds each. */
interface Arrays {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type DataType = keyof Arrays;

/**
 * Numbers with a shape, row-major: the last index runs fastest. Nobody disposes a tensor.
 * `Tensor` alone is the float32 tensor of layers and ops; `Tensor<'int64'>` and so on appear at the edges of graphs.
 */
export interface Tensor<D extends DataType = 'float32'> {
  readonly shape: readonly number[];
  readonly dtype: D;
  readonly data: Arrays[D];
}

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

const dtypes: ReadonlyMap<unknown, DataType> = new Map([
  ['Float32Array', 'float32'],
  ['Float64Array', 'float64'],
  ['Int32Array', 'int32'],
  ['BigInt64Array', 'int64'],
  ['Uint8Array', 'uint8'],
]);

/** More dimensions than any layout needs; copies and broadcasts count on it. */
export const maxRank = 8;
/** Elements are counted in int32 by the engines. */
export const maxElements = 2 ** 31 - 1;

// A subclass may lie about its length or buffer; the getters of the prototype do not.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
function getter<T>(name: string | symbol): (this: unknown) => T {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get as (this: unknown) => T;
}
const kindGetter = getter<string | undefined>(Symbol.toStringTag);
const lengthGetter = getter<number>('length');
const bufferGetter = getter<ArrayBufferLike>('buffer');
const byteOffsetGetter = getter<number>('byteOffset');
const byteLengthGetter = getter<number>('byteLength');
/** Own properties by which one array could lie; found on none that is not made for it. */
const lies = [
  'length',
  'buffer',
  'byteOffset',
  'byteLength',
  'subarray',
  'slice',
  'set',
  'fill',
  'constructor',
];

/** A tensor whose shape and data were checked against each other. Private: everybody else sees `Tensor`. */
const CheckedTensor = class Tensor<D extends DataType> {
  readonly shape: readonly number[];
  readonly dtype: D;
  readonly data: Arrays[D];
  readonly #size: number;

  constructor(shape: readonly number[], dtype: D, data: Arrays[D], size: number) {
    this.shape = shape;
    this.dtype = dtype;
    this.data = data;
    this.#size = size;
    Object.freeze(this);
  }

  /** The number of elements; undefined where `value` was not made here. */
  static sizeOf(value: unknown): number | undefined {
    return typeof value === 'object' && value !== null && #size in value ? value.#size : undefined;
  }
};

/**
 * Wraps a typed array without copying it. The dtype is that of the array; `'bool'` is named (a Uint8Array of 0 and 1).
 * A shape has up to 8 positive dimensions; `[]` is a scalar of one element.
 * Throws a ShapeError where shape and data do not fit, an OptionError for anything that is no such array.
 */
export function tensor(data: Float32Array, shape: readonly number[], dtype?: 'float32'): Tensor;
export function tensor(data: Float64Array, shape: readonly number[], dtype?: 'float64'): Tensor<'float64'>;
export function tensor(data: Int32Array, shape: readonly number[], dtype?: 'int32'): Tensor<'int32'>;
export function tensor(data: BigInt64Array, shape: readonly number[], dtype?: 'int64'): Tensor<'int64'>;
export function tensor(data: Uint8Array, shape: readonly number[], dtype: 'bool'): Tensor<'bool'>;
export function tensor(data: Uint8Array, shape: readonly number[], dtype?: 'uint8'): Tensor<'uint8'>;
export function tensor(data: unknown, shape: readonly number[], dtype?: DataType): Tensor<DataType> {
  return makeTensor('tensor', data, shape, dtype);
}

function makeTensor(who: string, data: unknown, shape: unknown, dtype: unknown): Tensor<DataType> {
  const inferred = dataTypeOf(who, data);
  const named = dtype === undefined ? inferred : namedDataType(who, dtype);
  if (constructors[named] !== constructors[inferred]) {
    throw new ShapeError(
      `${who}: expected ${withArticle(constructors[named].name)} for the dtype ${named}, got ${withArticle(constructors[inferred].name)}`,
    );
  }
  const dimensions = checkShape(who, 'shape', shape);
  const size = sizeOf(dimensions);
  const length = lengthGetter.call(data);
  if (length !== size) {
    throw new ShapeError(
      `${who}: expected ${size} elements for the shape ${showShape(dimensions)}, got ${length}${
        length === 0 ? ' (was the buffer transferred, detached or resized?)' : ''
      }`,
    );
  }
  return new CheckedTensor(dimensions, named, honest(data as Arrays[DataType], constructors[named]), size);
}

function dataTypeOf(who: string, data: unknown): DataType {
  const kind = ArrayBuffer.isView(data) ? kindGetter.call(data) : undefined;
  const dtype = dtypes.get(kind);
  if (dtype !== undefined) return dtype;
  const supported = 'a Float32Array (or Float64Array, Int32Array, BigInt64Array, Uint8Array)';
  const hint = isList(data) ? ': make one with Float32Array.from(data.flat(Infinity))' : '';
  throw new OptionError(
    `${who}: expected data to be ${supported}, got ${kind ? withArticle(kind) : show(data)}${hint}`,
  );
}

function namedDataType(who: string, dtype: unknown): DataType {
  if (typeof dtype === 'string' && Object.hasOwn(constructors, dtype)) return dtype as DataType;
  const names = Object.keys(constructors).join(', ');
  throw new OptionError(`${who}: expected dtype to be one of ${names}, got ${show(dtype)}`);
}

/** The same memory under the plain array type, where the given object could answer for itself. */
function honest<T extends Arrays[DataType]>(data: T, type: (typeof constructors)[DataType]): T {
  if (Object.getPrototypeOf(data) === type.prototype && !lies.some((name) => Object.hasOwn(data, name)))
    return data;
  const buffer = bufferGetter.call(data);
  return new type(buffer as ArrayBuffer, byteOffsetGetter.call(data), lengthGetter.call(data)) as T;
}

/** The bytes that a Uint8Array (a Buffer, too) is a view of; undefined for all else. */
export function asBytes(value: unknown): Uint8Array | undefined {
  const isBytes = ArrayBuffer.isView(value) && kindGetter.call(value) === 'Uint8Array';
  return isBytes ? honest(value as Uint8Array, Uint8Array) : undefined;
}

/** A frozen copy of a shape, each dimension read once: up to 8 positive integers with at most 2^31 - 1 elements. */
export function checkShape(who: string, name: string, shape: unknown): readonly number[] {
  const dimensions = copyShape(who, name, shape);
  let size = 1;
  for (const [i, dimension] of dimensions.entries()) {
    if (typeof dimension !== 'number' || !Number.isSafeInteger(dimension) || dimension <= 0) {
      throw new ShapeError(`${who}: expected ${name}[${i}] to be a positive integer, got ${show(dimension)}`);
    }
    size *= dimension;
    if (size > maxElements) {
      throw new ShapeError(
        `${who}: expected ${name} to have at most 2^31 - 1 elements, got ${show(dimensions)}`,
      );
    }
  }
  return Object.freeze(dimensions as number[]);
}

function copyShape(who: string, name: string, shape: unknown): unknown[] {
  try {
    if (isList(shape)) {
      const rank = shape.length;
      if (rank <= maxRank) return Array.from({ length: rank }, (_, i) => shape[i]);
      throw new ShapeError(`${who}: expected ${name} to have at most ${maxRank} dimensions, got ${rank}`);
    }
  } catch (error) {
    if (error instanceof ShapeError) throw error;
    throw new OptionError(`${who}: ${name} cannot be read`, { cause: error });
  }
  throw new OptionError(`${who}: expected ${name} to be an array of positive integers, got ${show(shape)}`);
}

/**
 * The tensor that an argument is, ready for use: its data has the length that its shape asks for at this moment.
 * Objects that were not made by `tensor` are checked as if they were.
 */
export function checkTensor(who: string, name: string, value: unknown): Tensor<DataType> {
  const size = CheckedTensor.sizeOf(value);
  if (size !== undefined) {
    const known = value as Tensor<DataType>;
    if (size === 0) {
      throw new ShapeError(
        `${who}: expected ${name} to have an element or more, got the shape ${showShape(known.shape)}`,
      );
    }
    if (lengthGetter.call(known.data) === size) return known;
    throw new ShapeError(`${who}: the data of ${name} was transferred, detached or resized`);
  }
  const parts = readParts(value);
  if (parts) return makeTensor(`${who}: ${name}`, parts.data, parts.shape, parts.dtype);
  throw new OptionError(
    `${who}: expected ${name} to be a tensor, got ${show(value)}; make one with tensor(data, shape)`,
  );
}

/** Own fields of an object that looks like a tensor; undefined for all else, and where a field cannot be read. */
function readParts(value: unknown): { data: unknown; shape: unknown; dtype: unknown } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const own = (field: string): unknown =>
      Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
    const parts = { data: own('data'), shape: own('shape'), dtype: own('dtype') };
    return parts.data === undefined || parts.shape === undefined ? undefined : parts;
  } catch {
    return undefined;
  }
}

/** Whether a value is meant as a tensor: made by `tensor`, or an object whose `data` is a typed array. */
export function isTensor(value: unknown): boolean {
  return CheckedTensor.sizeOf(value) !== undefined || ArrayBuffer.isView(readParts(value)?.data);
}

/** `checkTensor` for what layers and ops compute with: float32. */
export function checkFloatTensor(who: string, name: string, value: unknown): Tensor {
  const checked = checkTensor(who, name, value);
  if (checked.dtype === 'float32') return checked as Tensor;
  throw new ShapeError(`${who}: expected ${name} to be float32, got ${checked.dtype}`);
}

/** A tensor of parts that are known to fit; `shape` is kept as it is, so it must be frozen. */
export function floatTensor(shape: readonly number[], data: Float32Array): Tensor {
  return new CheckedTensor(shape, 'float32', data, data.length);
}

/** The same for any data type. */
export function anyTensor<D extends DataType>(
  shape: readonly number[],
  dtype: D,
  data: Arrays[D],
): Tensor<D> {
  return new CheckedTensor(shape, dtype, data, data.length);
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i] as number;
  return size;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function showShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}

/** Whether two arrays share memory. */
export function overlaps(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (bufferGetter.call(a) !== bufferGetter.call(b)) return false;
  const startA = byteOffsetGetter.call(a);
  const startB = byteOffsetGetter.call(b);
  return startA < startB + byteLengthGetter.call(b) && startB < startA + byteLengthGetter.call(a);
}
