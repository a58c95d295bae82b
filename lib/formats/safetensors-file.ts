import { type Fail, type Header, headerLength, parseHeader, prefixBytes } from './safetensors.js';
import { readInto, withFile } from './whole-file.js';

/** A safetensors file: `data` begin where the header ends, and belong to the caller alone. */
export interface Safetensors<T> {
  readonly header: Header;
  readonly checked: T;
  readonly data: Uint8Array;
}

/** Reads bytes or the file of a path. `check` sees the header before memory is taken for tensors. */
export async function readSafetensors<T>(
  from: Uint8Array | string,
  fail: Fail,
  check: (header: Header) => T,
): Promise<Safetensors<T>> {
  if (typeof from !== 'string') {
    const length = headerLength(from, from.length, fail);
    const header = parseHeader(from.slice(prefixBytes, prefixBytes + length), from.length, fail);
    const checked = check(header);
    return { header, checked, data: from.slice(header.dataStart) };
  }
  return withFile(from, fail, async (file, size) => {
    const prefix = await readInto(file, new Uint8Array(Math.min(prefixBytes, size)), 0, fail);
    const length = headerLength(prefix, size, fail);
    const text = await readInto(file, new Uint8Array(length), prefixBytes, fail);
    const header = parseHeader(text, size, fail);
    const checked = check(header);
    const data = await readInto(file, new Uint8Array(size - header.dataStart), header.dataStart, fail);
    return { header, checked, data };
  });
}
