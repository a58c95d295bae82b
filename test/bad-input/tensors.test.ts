import { input, layers, ops, sequential, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group A: tensors and shapes.

const data = (size: number): Float32Array => new Float32Array(size);

/** Everywhere a shape is taken. */
const shapeTakers: readonly [string, (shape: unknown) => unknown][] = [
  ['tensor', (shape) => tensor(data(4), shape as number[])],
  ['inputShape', (shape) => layers.relu({ inputShape: shape as number[] })],
  ['input', (shape) => input({ shape: shape as number[] })],
  ['reshape', (shape) => layers.reshape({ targetShape: shape as number[] })],
];

const mutating = { valueOf: () => 2 };

describe.each(shapeTakers)('A shapes given to %s', (name, take) => {
  const who = name === 'inputShape' ? 'relu' : name;

  test.for([
    ['1 a negative dimension', [2, -2], /-2/],
    ['2 a dimension of zero, first', [0, 2], /0/],
    ['2 a dimension of zero, last', [2, 0], /0/],
    ['3 NaN', [2, Number.NaN], /NaN/],
    ['3 Infinity', [2, Number.POSITIVE_INFINITY], /Infinity/],
    ['3 1.5', [2, 1.5], /1\.5/],
    ['3 -0', [2, -0], /0/],
    ['4 a string', [2, '2'], /"2"/],
    ['4 a BigInt', [2, 2n], /2n?/],
    ['4 null', [2, null], /null/],
    ['4 an object with valueOf', [2, mutating], /object/],
    ['4 undefined', [2, undefined], /undefined/],
    ['6 rank 9', [1, 1, 1, 1, 1, 1, 1, 2, 2], /9|8/],
    ['6 rank 10,000', Array(10_000).fill(1), /10000|10,000|8/],
    ['8 a product beyond 64 bits', [2 ** 32, 2 ** 32], /\d/],
    ['8 2^59 + 1 elements', [2 ** 59 + 1, 1], /\d/],
    ['8 65536 x 65536 x 4', [65536, 65536, 4], /65536/],
    ['23 a sparse array', [2, undefined, 2], /undefined/],
    ['no array: a number', 4, /4/],
    ['no array: a string', '2,2', /2,2/],
    ['no array: a typed array', Int32Array.of(2, 2), /Int32Array/],
    ['no array: an object with a length', { length: 1, 0: 4 }, /object/],
    ['no array: null', null, /null/],
  ] as const)('%s', ([title, shape, value]) => {
    // reshape infers -1 and takes any product that fits.
    if (name === 'reshape' && /^8/.test(title)) return;
    return refused(() => take(shape), who, /expected/, value);
  });

  test('23 a shape whose elements throw, and a revoked Proxy', async () => {
    const throwing = Object.defineProperty([2, 2], 0, {
      get() {
        throw new Error('no');
      },
    });
    await refused(() => take(throwing), who);
    const { proxy, revoke } = Proxy.revocable([2, 2], {});
    revoke();
    await refused(() => take(proxy), who);
  });
});

describe('A tensors', () => {
  test('5 rank 0 is a scalar of one element', async () => {
    expect(tensor(data(1), []).shape).toEqual([]);
    await refused(() => tensor(data(2), []), /tensor: expected 1 element/, /2/);
  });

  test.for([2 ** 31, 2 ** 32, 2 ** 53])('7 %d elements are refused, before anything is allocated', (size) =>
    refused(() => tensor(data(4), [size]), 'tensor', String(size)),
  );

  test('10, 11 too few and too many numbers', async () => {
    await refused(() => tensor(data(5), [2, 3]), /tensor: expected 6 elements for the shape \[2, 3\], got 5/);
    await refused(() => tensor(data(7), [2, 3]), /tensor: expected 6 elements for the shape \[2, 3\], got 7/);
  });

  test.for([Uint8ClampedArray, Int8Array, Int16Array, Uint16Array, Uint32Array, BigUint64Array])(
    '12 a %O',
    (Type) => refused(() => tensor(new Type(4) as unknown as Float32Array, [4]), 'tensor', Type.name),
  );

  test.for([Float64Array, Int32Array, Uint8Array])(
    '12 a layer or an op gets a tensor of %O',
    async (Type) => {
      const wrong = tensor(new Type(4) as never, [1, 4]) as unknown as Tensor;
      await refused(() => ops.relu(wrong), /relu: expected x to be float32, got/);
      const net = sequential({ layers: [layers.relu({ inputShape: [4] })] });
      await refused(() => net.predictSync(wrong), /float32/);
      await refused(() => net.predict(wrong), /float32/);
    },
  );

  test('12 a dtype that does not fit the array, or does not exist', async () => {
    await refused(() => tensor(data(4), [4], 'int32' as never), 'tensor', 'int32');
    for (const dtype of ['float16', '__proto__', 'constructor', 'toString', 7, null, {}]) {
      await refused(() => tensor(data(4), [4], dtype as never), /tensor: expected dtype/);
    }
  });

  test.for([
    ['a DataView', new DataView(new ArrayBuffer(16))],
    ['a plain array', [1, 2, 3, 4]],
    ['an array-like Proxy', new Proxy([1, 2, 3, 4], {})],
    ['an ArrayBuffer', new ArrayBuffer(16)],
    [
      'an object that looks like a Float32Array',
      { length: 4, buffer: new ArrayBuffer(16), byteOffset: 0, [Symbol.toStringTag]: 'Float32Array' },
    ],
    ['a Proxy of a Float32Array', new Proxy(new Float32Array(4), {})],
    ['null', null],
    ['undefined', undefined],
    ['a string', '1234'],
    ['a number', 4],
  ] as const)('13 %s', ([, wrong]) =>
    refused(() => tensor(wrong as unknown as Float32Array, [4]), 'tensor', /expected data/),
  );

  test('13 a Buffer is a Uint8Array', async () => {
    expect(tensor(Buffer.from([1, 2, 3]), [3]).dtype).toBe('uint8');
    await refused(() => ops.relu(tensor(Buffer.from([1, 2, 3]), [3]) as unknown as Tensor), /float32/);
  });

  test('15 a subclass that lies about its length or its buffer', () => {
    class Long extends Float32Array {
      override get length(): number {
        return 1000;
      }
    }
    class Elsewhere extends Float32Array {
      override get buffer(): ArrayBuffer {
        return new ArrayBuffer(4000);
      }
    }
    for (const Type of [Long, Elsewhere]) {
      const lying = new Type(4);
      Float32Array.prototype.set.call(lying, [1, -2, 3, -4]);
      const x = tensor(lying, [1, 4]);
      expect([...ops.relu(x).data]).toEqual([1, 0, 3, 0]);
    }
    const owned = Object.defineProperty(Float32Array.of(1, -2), 'length', { value: 50 });
    expect([...ops.relu(tensor(owned, [1, 2])).data]).toEqual([1, 0]);
  });

  test('16 detached before it is wrapped, and after', async () => {
    const gone = data(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer as ArrayBuffer] });
    await refused(() => tensor(gone, [4]), /tensor: expected 4 elements.*got 0.*detached/);
    const x = tensor(data(4), [1, 4]);
    structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
    await refused(() => ops.relu(x), /relu: .*x.*(transferred|detached)/);
  });

  test('19 a view that is out of bounds of its resizable buffer', async () => {
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => ArrayBuffer & { resize(n: number): void };
    const buffer = new Resizable(64, { maxByteLength: 128 });
    const view = new Float32Array(buffer, 16, 4);
    const x = tensor(view, [1, 4]);
    buffer.resize(16);
    await refused(() => tensor(view, [4]), 'tensor');
    await refused(() => ops.relu(x), 'relu');
  });

  test('23 frozen, sealed and changing shapes: a tensor keeps what it has read once', () => {
    expect(tensor(data(4), Object.freeze([2, 2])).shape).toEqual([2, 2]);
    expect(tensor(data(4), Object.seal([2, 2])).shape).toEqual([2, 2]);
    let reads = 0;
    const changing = Object.defineProperty([2, 2], 1, { get: () => (reads++ === 0 ? 2 : 1000) });
    expect(tensor(data(4), changing).shape).toEqual([2, 2]);
    expect(reads).toBe(1);
    const shape = [2, 2];
    const x = tensor(data(4), shape);
    shape[0] = 100;
    expect(x.shape).toEqual([2, 2]);
    expect(() => (x.shape as number[]).push(1)).toThrow(TypeError);
  });

  test('objects that are no tensors', async () => {
    for (const wrong of [
      null,
      undefined,
      4,
      'x',
      [1],
      data(4),
      {},
      { shape: [4] },
      { data: data(4) },
      () => 1,
    ]) {
      await refused(() => ops.relu(wrong as unknown as Tensor), /relu: .*x/);
    }
    await refused(
      () => ops.relu({ shape: [5], data: data(4), dtype: 'float32' } as unknown as Tensor),
      'relu',
      /5/,
    );
    expect([
      ...ops.relu({ shape: [1, 2], data: Float32Array.of(-1, 1), dtype: 'float32' } as unknown as Tensor)
        .data,
    ]).toEqual([0, 1]);
  });
});
