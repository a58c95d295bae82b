import { OptionError, ShapeError, show } from '../../errors.js';
import type { OnnxPort } from '../../formats/onnx/file.js';
import { expected, isList } from '../../options.js';
import { checkTensor, type DataType, isTensor, overlaps, showShape, type Tensor } from '../../tensor.js';

/** An input or output of a graph from a file, as users see it: the whole shape, -1 where a length is free. */
export interface GraphPort {
  readonly name: string;
  readonly dtype: DataType;
  /** Undefined where the file does not say. */
  readonly shape: readonly number[] | undefined;
  /** Names of free lengths: those of one name are equal in a call. */
  readonly free: readonly (string | undefined)[];
}

/** What was given to a model. */
export interface GraphCall {
  /** In the order of the model's inputs. */
  readonly tensors: readonly Tensor<DataType>[];
  /** Given by name, so the answer goes by name. */
  readonly keyed: boolean;
}

const dtypes: ReadonlySet<string> = new Set<DataType>([
  'float32',
  'float64',
  'int32',
  'int64',
  'uint8',
  'bool',
]);

/** Ports of a file for users; with 'nhwc' images of rank 4 show their channels last. */
export function graphPorts(
  ports: readonly OnnxPort[],
  layout: 'nchw' | 'nhwc',
  fail: (rule: string) => never,
): readonly GraphPort[] {
  return ports.map(({ name, type, shape }) => {
    if (!dtypes.has(type)) {
      fail(`${show(name)}: expected float32, float64, int32, int64, uint8 or bool, got ${type}`);
    }
    const lengths = shape && layout === 'nhwc' && shape.length === 4 ? channelsLast(shape) : shape;
    return Object.freeze({
      name,
      dtype: type as DataType,
      shape: lengths && Object.freeze(lengths.map((length) => (typeof length === 'number' ? length : -1))),
      free: (lengths ?? []).map((length) => (typeof length === 'string' ? length : undefined)),
    });
  });
}

function channelsLast<T>([n, c, h, w]: readonly T[]): readonly T[] {
  return [n as T, h as T, w as T, c as T];
}

/** Checks the argument of `predict` against the inputs: names, data types, ranks and lengths. */
export function readGraphCall(
  who: string,
  inputs: readonly GraphPort[],
  outputs: number,
  value: unknown,
): GraphCall {
  const keyed = !isTensor(value);
  const given = keyed ? named(who, 'inputs', inputs, value) : undefined;
  if (!given) checkSingle(who, inputs, outputs);
  const lengths = new Map<string, number>();
  const tensors = inputs.map((port) => {
    const what = given ? `input ${show(port.name)}` : 'the input';
    const x = checkTensor(who, what, given ? given.get(port.name) : value);
    checkPort(who, what, port, x, lengths);
    return x;
  });
  return { tensors, keyed };
}

function checkPort(
  who: string,
  what: string,
  { dtype, shape, free }: GraphPort,
  x: Tensor<DataType>,
  lengths: Map<string, number>,
): void {
  if (x.dtype !== dtype) throw new ShapeError(`${who}: expected ${what} to be ${dtype}, got ${x.dtype}`);
  if (!shape) return;
  if (!fitsShape(shape, x.shape)) {
    const shown = shape.map((length, axis) => (length < 0 ? (free[axis] ?? '?') : length));
    throw new ShapeError(
      `${who}: expected ${what} of shape ${showShape(shown)}, the batch included, got ${showShape(x.shape)}`,
    );
  }
  for (let axis = 0; axis < free.length; axis++) {
    const name = free[axis];
    if (name === undefined) continue;
    const length = x.shape[axis] as number;
    const before = lengths.get(name);
    if (before !== undefined && before !== length) {
      throw new ShapeError(
        `${who}: expected the length ${show(name)} to be the same everywhere, got ${before} and ${length}`,
      );
    }
    lengths.set(name, length);
  }
}

/** Whether a shape has the wanted lengths, of which negative ones are free. */
export function fitsShape(wanted: readonly number[], shape: readonly number[]): boolean {
  let fits = shape.length === wanted.length;
  for (let axis = 0; fits && axis < wanted.length; axis++) {
    const length = wanted[axis] as number;
    fits = length < 0 || length === shape[axis];
  }
  return fits;
}

function checkSingle(who: string, inputs: readonly GraphPort[], outputs: number): void {
  const [port] = inputs;
  if (!port || inputs.length > 1) {
    throw new OptionError(`${who}: expected an object with the inputs ${names(inputs)}, got one tensor`);
  }
  if (outputs > 1) {
    throw new OptionError(
      `${who}: expected an object such as { ${JSON.stringify(port.name)}: tensor }, since there are ${outputs} outputs, got one tensor`,
    );
  }
}

/** The own entries of an object: exactly those of the ports. */
function named(
  who: string,
  what: string,
  ports: readonly GraphPort[],
  value: unknown,
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || isList(value) || ArrayBuffer.isView(value)) {
    throw expected(who, `the ${what}`, `a tensor, or an object with ${names(ports)}`, value);
  }
  let own: Map<string, unknown>;
  try {
    own = new Map(Object.entries(value));
  } catch (error) {
    throw new OptionError(`${who}: the ${what} cannot be read`, { cause: error });
  }
  if (own.size !== ports.length || ports.some(({ name }) => !own.has(name))) {
    const found = own.size === 0 ? 'none' : [...own.keys()].slice(0, 8).map(show).join(', ');
    throw new OptionError(`${who}: expected the ${what} ${names(ports)}, got ${found}`);
  }
  return own;
}

function names(ports: readonly GraphPort[]): string {
  return ports.map(({ name }) => JSON.stringify(name)).join(', ');
}

/** A result's place: its whole shape and data type. */
export interface ResultPlace {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** The given `out` in the order of the outputs: of the answer's form, and memory of its own. */
export function readGraphOut(
  who: string,
  outputs: readonly GraphPort[],
  places: readonly ResultPlace[],
  { tensors, keyed }: GraphCall,
  out: unknown,
): readonly Tensor<DataType>[] {
  const given = keyed ? named(who, 'outputs', outputs, out) : undefined;
  const found = outputs.map(({ name }, i) => {
    const what = given ? `out ${show(name)}` : 'out';
    const result = checkTensor(who, what, given ? given.get(name) : out);
    const { shape, dtype } = places[i] as ResultPlace;
    if (result.dtype !== dtype || !fitsShape(shape, result.shape)) {
      throw new ShapeError(
        `${who}: expected ${what} to be ${dtype} of shape ${showShape(shape)}, got ${result.dtype} ${showShape(result.shape)}`,
      );
    }
    return result;
  });
  found.forEach(({ data }, i) => {
    const taken =
      tensors.some((x) => overlaps(x.data, data)) ||
      found.some((other, j) => j < i && overlaps(other.data, data));
    if (taken) {
      throw new OptionError(
        `${who}: expected every out to have memory of its own, got memory that is in use`,
      );
    }
  });
  return found;
}
