import type { DataType } from '../../tensor.js';
import { shortest } from './shortest.js';

type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A data type as the protocol has it; tensors of all others are refused by name. */
export interface Datatype {
  readonly name: string;
  /** Bytes of an element, little-endian. */
  readonly bytes: number;
  /** What an element may be in JSON, for messages. */
  readonly rule: string;
  make(length: number): Numbers;
  /** The elements in `bytes`, without a copy where they are aligned. */
  view(bytes: Uint8Array): Numbers;
  /** Writes a JSON value as the element `at`; false where it is none. */
  put(to: Numbers, at: number, value: unknown): boolean;
  /** The element as JSON; undefined where JSON has no such number. */
  text(value: number | bigint): string | undefined;
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Numbers;
  new (buffer: ArrayBuffer, offset: number, length: number): Numbers;
}

function datatype(name: string, Type: ArrayType, rest: Pick<Datatype, 'rule' | 'put' | 'text'>): Datatype {
  const bytes = Type.BYTES_PER_ELEMENT;
  return {
    name,
    bytes,
    ...rest,
    make: (length) => new Type(length),
    view(from) {
      // Not `slice`: that of a Buffer copies nothing.
      const aligned = from.byteOffset % bytes === 0 ? from : new Uint8Array(from);
      return new Type(aligned.buffer as ArrayBuffer, aligned.byteOffset, from.byteLength / bytes);
    },
  };
}

const integer = (low: number, high: number, rule: string): Pick<Datatype, 'rule' | 'put' | 'text'> => ({
  rule,
  put(to, at, value) {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) return false;
    to[at] = value as number;
    return true;
  },
  text: String,
});

const floating = (
  rule: string,
  text: (value: number) => string,
): Pick<Datatype, 'rule' | 'put' | 'text'> => ({
  rule,
  put(to, at, value) {
    if (typeof value !== 'number') return false;
    to[at] = value;
    // Beyond what the type holds: 1e39 is infinite in FP32, 1e400 in any.
    return Number.isFinite(to[at]);
  },
  text: (value) => (Number.isFinite(value) ? text(value as number) : undefined),
});

/** `-0` is JSON as well. */
const signed = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

const [two31, two53] = [2 ** 31, 2 ** 53];

const types: Readonly<Record<DataType, Datatype>> = {
  float32: datatype('FP32', Float32Array, floating('a number that FP32 holds', shortest)),
  float64: datatype('FP64', Float64Array, floating('a number that FP64 holds', signed)),
  int32: datatype('INT32', Int32Array, integer(-two31, two31 - 1, 'an integer of 32 bits')),
  int64: datatype('INT64', BigInt64Array, {
    rule: 'an integer up to 2^53 - 1 (larger ones as binary data)',
    put(to, at, value) {
      if (!Number.isSafeInteger(value) || Math.abs(value as number) >= two53) return false;
      to[at] = BigInt(value as number);
      return true;
    },
    text: String,
  }),
  uint8: datatype('UINT8', Uint8Array, integer(0, 255, 'an integer from 0 to 255')),
  bool: datatype('BOOL', Uint8Array, {
    rule: 'true or false',
    put(to, at, value) {
      if (typeof value === 'boolean') to[at] = value ? 1 : 0;
      else if (value === 0 || value === 1) to[at] = value;
      else return false;
      return true;
    },
    text: (value) => (value ? 'true' : 'false'),
  }),
};

export function datatypeOf(dtype: DataType): Datatype {
  return types[dtype];
}

/** `FP32, FP64, ...` */
export const datatypeNames: string = Object.values(types)
  .map(({ name }) => name)
  .join(', ');
