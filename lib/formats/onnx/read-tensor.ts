import { show } from '../../errors.js';
import { type DataType, sizeOf } from '../../tensor.js';
import type { Fail } from '../safetensors.js';
import { readNumbers } from '../safetensors-data.js';
import type { ExternalTensor, ReadContext } from './context.js';
import { arrays, elementType, isDataType, pushAxis } from './element-types.js';
import type { Numbers, OnnxTensor } from './file.js';
import { readPair } from './read-pair.js';
import { type Span, toBigint, toNumber, type WireReader, within } from './wire.js';

/** The field in which numbers of each type stand when they are not raw bytes. */
const typedFields: Readonly<Record<DataType, number>> = {
  float32: 4,
  int32: 5,
  uint8: 5,
  bool: 5,
  int64: 7,
  float64: 10,
};

/** A TensorProto before its numbers are decoded. */
interface Parts {
  name: string;
  type: number;
  location: number;
  raw: Span | undefined;
  readonly shape: number[];
  /** Numbers in each of the typed fields. */
  readonly counts: Map<number, number>;
  readonly external: Map<string, string>;
}

/** Reads a TensorProto; errors begin with `part` and its name. */
export function readTensorMessage(
  wire: WireReader,
  part: string,
  context: ReadContext,
  outer: Fail,
): OnnxTensor {
  const parts = readParts(wire, within(outer, part));
  const { name, shape } = parts;
  const fail = within(outer, part, name);
  const type = elementType(parts.type, fail);
  if (type === 'undefined') fail('expected a data type, got none');
  if (shape.some((length) => length < 0)) {
    fail(`expected lengths of 0 or more, got ${show(shape)}`);
  }
  const elements = sizeOf(shape);
  if (!isDataType(type)) return { name, type, shape, data: undefined };
  if (!Number.isSafeInteger(elements)) fail(`expected a size below 2^53, got ${show(shape)}`);
  if (parts.location === 0) {
    const data = decode(wire, parts, type, elements, context, fail);
    return { name, type, shape, data };
  }
  if (parts.location !== 1) fail(`expected its data to be here or external, got location ${parts.location}`);
  if (!context.external) {
    return fail(
      'its data lie in another file: give the path of the model, and externalData: true if you trust it',
    );
  }
  const tensor: ExternalTensor['tensor'] = { name, type, shape, data: undefined };
  context.external.push({ tensor, elements, entries: parts.external, fail });
  return tensor;
}

function readParts(wire: WireReader, fail: Fail): Parts {
  const parts: Parts = {
    name: '',
    type: 0,
    location: 0,
    raw: undefined,
    shape: [],
    counts: new Map(),
    external: new Map(),
  };
  const count = (field: number) => () => {
    parts.counts.set(field, (parts.counts.get(field) ?? 0) + 1);
  };
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) wire.eachInt((low, high) => pushAxis(parts.shape, toNumber(low, high), fail));
    else if (field === 2) parts.type = wire.int();
    else if (field === 3) fail('expected a whole tensor, got a segment of one');
    else if (field === 4) wire.eachFloat(count(field));
    else if (field === 5 || field === 7) wire.eachInt(count(field));
    else if (field === 8) parts.name = wire.text('a name');
    else if (field === 9) parts.raw = wire.span();
    else if (field === 10) wire.eachDouble(count(field));
    else if (field === 13) {
      const [key, value] = readPair(wire.message(fail), 'external data');
      if (parts.external.size >= 16) fail('expected few entries of external data');
      parts.external.set(key, value);
    } else if (field === 14) parts.location = wire.int();
    else wire.skip();
  }
  return parts;
}

function decode(
  wire: WireReader,
  { name, raw = { begin: 0, end: 0 }, counts, shape }: Parts,
  type: DataType,
  elements: number,
  context: ReadContext,
  fail: Fail,
): Numbers {
  const width = arrays[type].BYTES_PER_ELEMENT;
  const rawBytes = raw.end - raw.begin;
  const typed = typedFields[type];
  for (const [field] of counts) {
    if (field !== typed) fail(`expected numbers of ${type}, got ones in field ${field}`);
    if (rawBytes > 0) fail('expected raw data or typed data, got both');
  }
  const found = counts.size > 0 ? (counts.get(typed) as number) : rawBytes / width;
  if (found !== elements) {
    const got = counts.size > 0 ? `${found} numbers` : `${rawBytes} bytes`;
    fail(`expected ${elements} numbers of ${width} bytes for ${type} ${show(shape)}, got ${got}`);
  }
  if (counts.size > 0) {
    context.take(elements * width, fail);
    return checked(typedNumbers(wire.again(), type, elements, fail), type, fail);
  }
  const off = (wire.bytes.byteOffset + raw.begin) % width;
  // What stands before the numbers in this message has been read: they may be moved over it.
  const moves = context.owned && off > 0 && raw.begin - off >= wire.begin;
  if (moves) wire.bytes.copyWithin(raw.begin - off, raw.begin, raw.end);
  else if (off > 0 && rawBytes > 0) context.take(rawBytes, fail);
  const [begin, end] = moves ? [raw.begin - off, raw.end - off] : [raw.begin, raw.end];
  return checked(readNumbers(wire.bytes, { name, dtype: type, shape, begin, end }, type), type, fail);
}

/** Numbers of a repeated field; `elements` were counted before. */
function typedNumbers(wire: WireReader, type: DataType, elements: number, fail: Fail): Numbers {
  const data = new arrays[type](elements);
  let next = 0;
  const wanted = typedFields[type];
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field !== wanted) wire.skip();
    else if (type === 'float32') wire.eachFloat((value) => (data[next++] = value));
    else if (type === 'float64') wire.eachDouble((value) => (data[next++] = value));
    else if (data instanceof BigInt64Array) {
      wire.eachInt((low, high) => {
        data[next++] = toBigint(low, high);
      });
    } else {
      wire.eachInt((low, high) => {
        const value = toNumber(low, high);
        data[next] = value;
        if (data[next++] !== value) fail(`expected numbers of ${type}, got ${value}`);
      });
    }
  }
  return data;
}

/** Booleans are 0 or 1: what computes with them counts on it. */
export function checked(data: Numbers, type: DataType, fail: Fail): Numbers {
  const wrong = type === 'bool' ? (data as Uint8Array).find((value) => value > 1) : undefined;
  return wrong === undefined ? data : fail(`expected booleans of 0 or 1, got ${wrong}`);
}
