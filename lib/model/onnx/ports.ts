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

/** What was given to a model, by the names of its inputs. */
export interface GraphCall {
  readonly tensors: ReadonlyMap<string, Tensor<DataType>>;
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
  const given = keyed ? named(who, 'inputs', inputs, value) : single(who, inputs, outputs, value);
  const lengths = new Map<string, number>();
  const tensors = inputs.map((port): [string, Tensor<DataType>] => {
    const what = keyed ? `input ${show(port.name)}` : 'the input';
    const x = checkTensor(who, what, given.get(port.name));
    checkPort(who, what, port, x, lengths);
    return [port.name, x];
  });
  return { tensors: new Map(tensors), keyed };
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
  const fits =
    x.shape.length === shape.length && shape.every((length, axis) => length < 0 || length === x.shape[axis]);
  if (!fits) {
    const shown = shape.map((length, axis) => (length < 0 ? (free[axis] ?? '?') : length));
    throw new ShapeError(
      `${who}: expected ${what} of shape ${showShape(shown)}, the batch included, got ${showShape(x.shape)}`,
    );
  }
  for (const [axis, name] of free.entries()) {
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

function single(
  who: string,
  inputs: readonly GraphPort[],
  outputs: number,
  value: unknown,
): ReadonlyMap<string, unknown> {
  const [port] = inputs;
  if (!port || inputs.length > 1) {
    throw new OptionError(`${who}: expected an object with the inputs ${names(inputs)}, got one tensor`);
  }
  if (outputs > 1) {
    throw new OptionError(
      `${who}: expected an object such as { ${JSON.stringify(port.name)}: tensor }, since there are ${outputs} outputs, got one tensor`,
    );
  }
  return new Map([[port.name, value]]);
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
  const given = keyed ? named(who, 'outputs', outputs, out) : new Map([[outputs[0]?.name as string, out]]);
  const found = outputs.map(({ name }, i) => {
    const what = keyed ? `out ${show(name)}` : 'out';
    const result = checkTensor(who, what, given.get(name));
    const { shape, dtype } = places[i] as ResultPlace;
    if (
      result.dtype !== dtype ||
      result.shape.length !== shape.length ||
      shape.some((length, axis) => length !== result.shape[axis])
    ) {
      throw new ShapeError(
        `${who}: expected ${what} to be ${dtype} of shape ${showShape(shape)}, got ${result.dtype} ${showShape(result.shape)}`,
      );
    }
    return result;
  });
  found.forEach(({ data }, i) => {
    const taken = [
      ...[...tensors.values()].map((x) => x.data),
      ...found.slice(0, i).map((other) => other.data),
    ];
    if (taken.some((other) => overlaps(other, data))) {
      throw new OptionError(
        `${who}: expected every out to have memory of its own, got memory that is in use`,
      );
    }
  });
  return found;
}
