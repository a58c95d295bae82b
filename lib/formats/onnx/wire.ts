import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';

/** Messages within messages; what is deeper is damage or an attack. */
const maxDepth = 64;
/** Names and texts, in bytes. */
export const maxTextBytes = 64 * 1024;

/** A part of the file. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/**
 * Walks the fields of one protobuf message: `next` gives a field's number, and then its value is read by the method of its
 * type, or skipped. Nothing is believed: every length is checked against what remains, and a broken rule goes to `fail`
 * with the byte at which it was found.
 * Source: protobuf.dev/programming-guides/encoding
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #begin: number;
  readonly #end: number;
  readonly #depth: number;
  readonly #fail: Fail;
  #at: number;
  #field = 0;
  #type = 0;
  /** Halves of the varint that was read last. */
  #low = 0;
  #high = 0;

  constructor(
    bytes: Uint8Array,
    fail: Fail,
    { begin, end }: Span = { begin: 0, end: bytes.length },
    depth = 0,
  ) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#begin = begin;
    this.#end = end;
    this.#depth = depth;
    this.#fail = fail;
    this.#at = begin;
  }

  /** Where the message begins. */
  get begin(): number {
    return this.#begin;
  }

  /** The number of the next field, or 0 at the end of the message. */
  next(): number {
    if (this.#at === this.#end) return 0;
    const start = this.#at;
    this.#varint();
    this.#type = this.#low & 7;
    this.#field = this.#low >>> 3;
    if (this.#high !== 0 || this.#field === 0) this.#refuse('expected the number of a field', start);
    if (this.#type === 3 || this.#type === 4) this.#refuse('expected no groups', start);
    if (this.#type > 5) this.#refuse(`expected a wire type, got ${this.#type}`, start);
    return this.#field;
  }

  /** Passes over a field that nobody reads. */
  skip(): void {
    if (this.#type === 0) this.#varint();
    else if (this.#type === 2) this.#span();
    else this.#advance(this.#type === 1 ? 8 : 4);
  }

  /** An integer of up to 64 bits, signed; beyond 2^53 - 1 it saturates. */
  int(): number {
    this.#expect(0, 'an integer');
    this.#varint();
    return toNumber(this.#low, this.#high);
  }

  float(): number {
    this.#expect(5, 'a 32-bit float');
    return this.#view.getFloat32(this.#advance(4), true);
  }

  /** A text of at most 64 KiB. */
  text(what: string): string {
    const { begin, end } = this.span();
    if (end - begin > maxTextBytes) {
      this.#refuse(`expected ${what} of at most ${maxTextBytes} bytes, got ${end - begin}`, begin);
    }
    try {
      return decoder.decode(this.bytes.subarray(begin, end));
    } catch {
      return this.#refuse(`expected ${what} in UTF-8`, begin);
    }
  }

  /** Where the bytes of a field lie. */
  span(): Span {
    this.#expect(2, 'bytes');
    return this.#span();
  }

  /** A message in this one; its errors go to `fail`. */
  message(fail: Fail = this.#fail): WireReader {
    const span = this.span();
    if (this.#depth >= maxDepth) this.#refuse(`expected messages ${maxDepth} deep at most`, span.begin);
    return new WireReader(this.bytes, fail, span, this.#depth + 1);
  }

  /** A reader of the same message, from its beginning. */
  again(): WireReader {
    return new WireReader(this.bytes, this.#fail, { begin: this.#begin, end: this.#end }, this.#depth);
  }

  /** The integers of a repeated field: one, or many packed. */
  eachInt(visit: (low: number, high: number) => void): void {
    this.#each(0, 'integers', () => {
      this.#varint();
      visit(this.#low, this.#high);
    });
  }

  eachFloat(visit: (value: number) => void): void {
    this.#each(5, '32-bit floats', () => visit(this.#view.getFloat32(this.#advance(4), true)));
  }

  eachDouble(visit: (value: number) => void): void {
    this.#each(1, '64-bit floats', () => visit(this.#view.getFloat64(this.#advance(8), true)));
  }

  #each(type: number, what: string, read: () => void): void {
    if (this.#type !== 2) {
      this.#expect(type, what);
      read();
      return;
    }
    const { end } = this.#span();
    this.#at -= this.#length;
    while (this.#at < end) read();
    if (this.#at !== end) this.#refuse(`expected packed ${what} to end with their field`, end);
  }

  /** Bytes of the span that was read last. */
  #length = 0;

  #span(): Span {
    const start = this.#at;
    this.#varint();
    const rest = this.#end - this.#at;
    if (this.#high !== 0 || this.#low >>> 0 > rest) {
      const got = (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
      this.#refuse(`expected a length of at most the ${rest} bytes that follow, got ${got}`, start);
    }
    this.#length = this.#low >>> 0;
    const begin = this.#advance(this.#length);
    return { begin, end: this.#at };
  }

  /** Moves over so many bytes and gives where they began. */
  #advance(bytes: number): number {
    const begin = this.#at;
    if (bytes > this.#end - begin) this.#refuse(`expected ${bytes} bytes, got ${this.#end - begin}`, begin);
    this.#at += bytes;
    return begin;
  }

  #varint(): void {
    const start = this.#at;
    this.#low = 0;
    this.#high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) this.#refuse('expected an integer, got the end of its message', start);
      const byte = this.bytes[this.#at++] as number;
      const part = byte & 0x7f;
      if (shift < 28) this.#low |= part << shift;
      else if (shift === 28) {
        this.#low |= part << 28;
        this.#high |= part >>> 4;
      } else if (shift < 63) this.#high |= part << (shift - 32);
      else if (part > 1) this.#refuse('expected an integer of 64 bits at most', start);
      else this.#high |= part << 31;
      if (byte < 0x80) return;
    }
    this.#refuse('expected an integer of 10 bytes at most', start);
  }

  #expect(type: number, what: string): void {
    if (this.#type !== type) {
      this.#refuse(`expected field ${this.#field} to be ${what}, got wire type ${this.#type}`, this.#at);
    }
  }

  #refuse(rule: string, at: number): never {
    return this.#fail(`byte ${at}: ${rule}`);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A signed integer of two halves as a number; beyond 2^53 - 1 it saturates. */
export function toNumber(low: number, high: number): number {
  const value = (high | 0) * 2 ** 32 + (low >>> 0);
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

export function toBigint(low: number, high: number): bigint {
  return (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
}

/** A fail function that says first what part of the file it is about. */
export function within(fail: Fail, part: string, name?: string): Fail {
  return (rule, cause) => fail(`${part}${name === undefined ? '' : ` ${show(name)}`}: ${rule}`, cause);
}
