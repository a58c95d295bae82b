import { ModelFileError, show } from '../errors.js';
import { maxRank } from '../tensor.js';

/** Bits of one element, for the data types that files in circulation hold. */
const bits = new Map<unknown, number>([
  ['BOOL', 8],
  ['U8', 8],
  ['I8', 8],
  ['U16', 16],
  ['I16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['U32', 32],
  ['I32', 32],
  ['F32', 32],
  ['U64', 64],
  ['I64', 64],
  ['F64', 64],
]);

/** Where a tensor lies: bytes from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Bytes before the data: the length and the header itself. */
  readonly dataStart: number;
}

/** Limits of what is read before anything is known: the format's own cap, and far more tensors than any network has. */
const maxHeaderBytes = 100_000_000;
const maxEntries = 100_000;
export const prefixBytes = 8;

/** Length of the header, from the first 8 bytes of a file of `fileBytes`; `fail` throws. */
export function headerLength(prefix: Uint8Array, fileBytes: number, fail: Fail): number {
  if (fileBytes < prefixBytes || prefix.length < prefixBytes) {
    fail(`expected 8 bytes or more, got ${Math.min(fileBytes, prefix.length)}`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, prefixBytes).getBigUint64(0, true);
  if (length > maxHeaderBytes) fail(`expected a header of at most ${maxHeaderBytes} bytes, got ${length}`);
  const rest = fileBytes - prefixBytes;
  if (Number(length) > rest)
    fail(`expected a header of at most the ${rest} bytes that follow, got ${length}`);
  return Number(length);
}

/** Throws a ModelFileError that names the file and this rule. */
export type Fail = (rule: string, cause?: unknown) => never;

/**
 * Checks a whole header against the size of its file: every rule of the format, before anything is allocated for tensors.
 * Source: github.com/huggingface/safetensors, `tensor.rs`.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, fail: Fail): Header {
  if (bytes[0] !== 0x7b) fail(`expected the header to begin with '{', got byte ${bytes[0]}`);
  const pairs = scan(bytes, fail);
  const json = parseJson(bytes, fail);
  if (!isObject(json)) return fail('expected the header to be a JSON object');
  const { metadata, found } = readMetadata(json, fail);
  // Every name and value pair has one colon; the parser keeps the last of two with the same name.
  let kept = found;
  const entries = Object.entries(json)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => {
      kept += 1 + (isObject(value) ? Object.keys(value).length : 0);
      return readEntry(name, value, fail);
    });
  if (kept !== pairs) fail('expected every name in the header once, got one twice');
  const dataStart = prefixBytes + bytes.length;
  checkOffsets(entries, fileBytes - dataStart, fail);
  return { entries, metadata, dataStart };
}

/** Counts the colons outside of texts; refuses nesting that no header has, and too many entries, before JSON is parsed. */
function scan(bytes: Uint8Array, fail: Fail): number {
  let pairs = 0;
  let depth = 0;
  let inText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x3a) pairs++;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > 3) fail('expected a header that is nested 3 deep, got more');
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  // Four for each tensor: its name, dtype, shape and data_offsets.
  if (pairs > 4 * maxEntries) fail(`expected at most ${maxEntries} tensors in the header`);
  return pairs;
}

function parseJson(bytes: Uint8Array, fail: Fail): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('expected the header to be UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`expected the header to be JSON: ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The metadata, and how many names they took in the header. */
function readMetadata(json: Record<string, unknown>, fail: Fail) {
  const metadata = new Map<string, string>();
  if (!Object.hasOwn(json, '__metadata__')) return { metadata, found: 0 };
  const { __metadata__: given } = json;
  if (!isObject(given)) return fail('expected __metadata__ to be an object of texts');
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string')
      fail(`expected __metadata__ ${show(name)} to be a text, got ${show(value)}`);
    metadata.set(name, value as string);
  }
  return { metadata, found: 1 + metadata.size };
}

function readEntry(name: string, value: unknown, fail: Fail): Entry {
  const who = `tensor ${show(name)}`;
  if (!isObject(value))
    return fail(`${who}: expected an object with dtype, shape and data_offsets, got ${show(value)}`);
  for (const key of Object.keys(value)) {
    if (!['dtype', 'shape', 'data_offsets'].includes(key)) fail(`${who}: unknown field ${show(key)}`);
  }
  const own = (key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined);
  const [dtype, shape, offsets] = [own('dtype'), own('shape'), own('data_offsets')];
  const width = bits.get(dtype);
  if (width === undefined) {
    return fail(`${who}: expected dtype to be one of ${[...bits.keys()].join(', ')}, got ${show(dtype)}`);
  }
  if (!isNaturals(shape) || shape.length > maxRank) {
    return fail(`${who}: expected shape to be at most ${maxRank} non-negative integers, got ${show(shape)}`);
  }
  if (!isNaturals(offsets) || offsets.length !== 2) {
    return fail(`${who}: expected data_offsets to be [begin, end], got ${show(offsets)}`);
  }
  const [begin = 0, end = 0] = offsets;
  const size = shape.reduce((product, length) => product * length, 1);
  // Beyond 2^53 products are rounded, but a file that long does not exist, so the comparison fails all the same.
  if (end < begin || end - begin !== (size * width) / 8) {
    fail(
      `${who}: expected ${(size * width) / 8} bytes for ${dtype} ${show(shape)}, got data_offsets ${show(offsets)}`,
    );
  }
  return { name, dtype: dtype as string, shape, begin, end };
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** Tensors lie one after the other, without holes, up to the end of the file. */
function checkOffsets(entries: readonly Entry[], dataBytes: number, fail: Fail): void {
  let position = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      const what = begin > position ? 'a hole' : 'an overlap';
      fail(`tensor ${show(name)}: expected its data to begin at ${position}, got ${what}, ${begin}`);
    }
    position = end;
  }
  if (position !== dataBytes) fail(`expected ${position} bytes of data, got ${dataBytes}`);
}

/** A fail function for errors of one file: `load: model.safetensors: <rule>`. */
export function failing(who: string, file: string): Fail {
  return (rule, cause) => {
    throw new ModelFileError(`${who}: ${file}: ${rule}`, cause === undefined ? undefined : { cause });
  };
}
