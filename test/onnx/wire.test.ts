import { describe, expect, test } from 'vitest';
import { failing, ModelFileError, toBigint, toNumber, WireReader } from '../support/internals.js';
import { bytes, double, float, int, join, tag, varint } from '../support/protobuf.js';

const reader = (...parts: readonly Uint8Array[]): WireReader =>
  new WireReader(join(...parts), failing('wire', 'test'));

const firstOf = (...parts: readonly Uint8Array[]): WireReader => {
  const wire = reader(...parts);
  expect(wire.next()).toBeGreaterThan(0);
  return wire;
};

function refuses(body: () => unknown, rule: RegExp): void {
  let error: unknown;
  try {
    body();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ModelFileError);
  expect((error as Error).message).toMatch(rule);
}

describe('integers', () => {
  test.for([
    [0, 0],
    [1, 1],
    [127, 127],
    [128, 128],
    [2 ** 28 - 1, 2 ** 28 - 1],
    [2 ** 28, 2 ** 28],
    [2 ** 31, 2 ** 31],
    [2 ** 32 - 1, 2 ** 32 - 1],
    [2 ** 35, 2 ** 35],
    [-1, -1],
    [-(2 ** 31), -(2 ** 31)],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER],
    [-(2n ** 63n), Number.MIN_SAFE_INTEGER],
  ])('%d', ([given, wanted]) => {
    expect(firstOf(int(1, given as number)).int()).toBe(wanted);
  });

  test('halves make numbers and bigints', () => {
    const seen: unknown[] = [];
    firstOf(int(3, -5n)).eachInt((low, high) => seen.push(toNumber(low, high), toBigint(low, high)));
    firstOf(int(3, 2n ** 62n + 3n)).eachInt((low, high) => seen.push(toBigint(low, high)));
    expect(seen).toEqual([-5, -5n, 2n ** 62n + 3n]);
  });

  test('59 longer than 10 bytes, or than 64 bits', () => {
    const ones = (count: number, last: number) => Uint8Array.from([8, ...Array(count).fill(0xff), last]);
    expect(firstOf(ones(9, 1)).int()).toBe(-1);
    refuses(() => firstOf(ones(9, 2)).int(), /byte 1: expected an integer of 64 bits/);
    refuses(() => firstOf(ones(10, 1)).int(), /64 bits|10 bytes/);
    refuses(() => firstOf(Uint8Array.from([8, ...Array(20).fill(0x80)])).int(), /10 bytes/);
  });

  test('59 an integer that the message cuts', () => {
    refuses(() => firstOf(Uint8Array.of(8, 0x80)).int(), /byte 1: expected an integer, got the end/);
    refuses(() => reader(Uint8Array.of(0x80)).next(), /byte 0: expected an integer, got the end/);
  });
});

describe('lengths', () => {
  test.for([1, 100, 2 ** 31, 2 ** 32, 2 ** 53, 2n ** 63n, 2n ** 64n - 1n])(
    '59 a length of %d past the end',
    (length) => {
      const wire = firstOf(tag(2, 2), varint(length));
      refuses(() => wire.span(), new RegExp(`at most the 0 bytes that follow, got ${length}`));
      refuses(() => firstOf(tag(2, 2), varint(length)).skip(), /bytes that follow/);
    },
  );

  test('a message ends where its length says', () => {
    const wire = firstOf(bytes(1, int(1, 7)), int(2, 9));
    const inner = wire.message();
    expect([inner.next(), inner.int(), inner.next(), inner.next()]).toEqual([1, 7, 0, 0]);
    expect([wire.next(), wire.int(), wire.next()]).toEqual([2, 9, 0]);
  });

  test('a length inside reaches no further than the message around it', () => {
    const inner = firstOf(bytes(1, tag(1, 2), varint(3)), int(2, 9), int(2, 9)).message();
    inner.next();
    refuses(() => inner.span(), /at most the 0 bytes/);
  });

  test('fixed numbers that the message cuts', () => {
    refuses(() => firstOf(tag(1, 5), Uint8Array.of(1, 2, 3)).float(), /expected 4 bytes, got 3/);
    refuses(() => firstOf(tag(1, 1), Uint8Array.of(1, 2, 3)).skip(), /expected 8 bytes, got 3/);
  });
});

describe('fields', () => {
  test('unknown ones of every type are passed over', () => {
    const wire = reader(
      int(100, 2n ** 63n),
      float(101, 1),
      double(102, 1),
      bytes(2 ** 29 - 1, 'abc'),
      int(1, 5),
    );
    const seen: number[] = [];
    for (let field = wire.next(); field !== 0; field = wire.next()) {
      seen.push(field);
      wire.skip();
    }
    expect(seen).toEqual([100, 101, 102, 2 ** 29 - 1, 1]);
  });

  test.for([3, 4])('61 groups (wire type %d) are refused', (type) => {
    refuses(() => reader(tag(1, type)).next(), /byte 0: expected no groups/);
  });

  test.for([6, 7])('61 wire type %d', (type) => {
    refuses(() => reader(tag(1, type)).next(), new RegExp(`expected a wire type, got ${type}`));
  });

  test('61 the number 0, and numbers beyond 32 bits', () => {
    refuses(() => reader(tag(0, 0)).next(), /number of a field/);
    refuses(() => reader(varint(2n ** 40n)).next(), /number of a field/);
  });

  test('61 another wire type than the field has', () => {
    refuses(() => firstOf(bytes(3, 'a')).int(), /expected field 3 to be an integer, got wire type 2/);
    refuses(() => firstOf(int(3, 1)).float(), /32-bit float, got wire type 0/);
    refuses(() => firstOf(double(3, 1)).text('a name'), /bytes, got wire type 1/);
    refuses(() => firstOf(float(3, 1)).message(), /bytes, got wire type 5/);
    refuses(() => firstOf(float(3, 1)).eachInt(() => {}), /integers, got wire type 5/);
    refuses(() => firstOf(int(3, 1)).eachFloat(() => {}), /32-bit floats, got wire type 0/);
    refuses(() => firstOf(int(3, 1)).eachDouble(() => {}), /64-bit floats, got wire type 0/);
  });

  test('61 repeated numbers, packed or not', () => {
    const seen: number[] = [];
    const push = (value: number) => seen.push(value);
    firstOf(float(1, 1.5)).eachFloat(push);
    firstOf(bytes(1, new Uint8Array(Float32Array.of(2, 3).buffer))).eachFloat(push);
    firstOf(double(1, 4)).eachDouble(push);
    firstOf(bytes(1, new Uint8Array(Float64Array.of(5, 6).buffer))).eachDouble(push);
    firstOf(bytes(1, varint(7), varint(300))).eachInt((low) => push(low));
    firstOf(bytes(1)).eachInt((low) => push(low));
    expect(seen).toEqual([1.5, 2, 3, 4, 5, 6, 7, 300]);
  });

  test('61 packed numbers that end in the middle of one', () => {
    refuses(() => firstOf(bytes(1, new Uint8Array(6))).eachFloat(() => {}), /expected 4 bytes|to end with/);
    const cut = firstOf(bytes(1, Uint8Array.of(0x80)), int(1, 1));
    refuses(() => cut.eachInt(() => {}), /to end with their field/);
  });

  test('texts: UTF-8, and 64 KiB at most', () => {
    expect(firstOf(bytes(1, 'größe')).text('a name')).toBe('größe');
    expect(firstOf(bytes(1, '\ufeffx')).text('a name')).toBe('\ufeffx');
    refuses(() => firstOf(bytes(1, Uint8Array.of(0xff))).text('a name'), /byte 2: expected a name in UTF-8/);
    refuses(() => firstOf(bytes(1, Uint8Array.of(0xed, 0xa0, 0x80))).text('a name'), /UTF-8/);
    expect(firstOf(bytes(1, 'a'.repeat(65536))).text('a name')).toHaveLength(65536);
    refuses(() => firstOf(bytes(1, 'a'.repeat(65537))).text('a name'), /at most 65536 bytes, got 65537/);
  });

  test('60 messages in messages: 64 deep', () => {
    let nested: Uint8Array = int(1, 1);
    for (let depth = 0; depth < 100; depth++) nested = bytes(1, nested);
    let wire = reader(nested);
    const descend = (): void => {
      for (let depth = 0; depth < 100; depth++) {
        wire.next();
        wire = wire.message();
      }
    };
    refuses(descend, /expected messages 64 deep at most/);
  });
});
