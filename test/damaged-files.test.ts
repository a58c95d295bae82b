import { load, ModelFileError, NeocogError } from 'neocog';
import { describe, expect, test } from 'vitest';
import { smallNet } from './support/nets.js';
import { refusal } from './support/refusal.js';
import { fileOf, headerOf } from './support/safetensors.js';

// Numbers in names are those of the list of bad inputs, group D: model files.

describe('a damaged file is refused with a ModelFileError', () => {
  const bytes = smallNet().toBytes();
  const header = headerOf(bytes);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const data = bytes.subarray(8 + headerLength);
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  type Entry = { dtype: unknown; shape: unknown; data_offsets: unknown };
  const changed = (change: (copy: Record<string, Entry>) => unknown): Uint8Array => {
    const copy = structuredClone(header) as Record<string, Entry>;
    const answer = change(copy);
    return fileOf(answer === undefined ? copy : answer, data);
  };
  const [first, second] = names as [string, string];
  const entry = (more: Partial<Entry>): Uint8Array =>
    changed((h) => void Object.assign(h[first] as Entry, more));

  const expectDamaged = async (file: Uint8Array, what = ''): Promise<void> => {
    const error = await refusal(() => load(file)).catch((wrong: Error) => {
      throw new Error(`${what}: ${wrong.message}`);
    });
    expect(error, what).toBeInstanceOf(ModelFileError);
    expect(error.message).toMatch(/^load: /);
    expect(error.message.length).toBeLessThan(500);
  };

  test('the unchanged file and the helper are right', async () => {
    expect((await load(fileOf(header, data))).outputs[0]?.shape).toEqual([2]);
  });

  test('57, 72 truncated at every byte', async () => {
    for (let length = 0; length < bytes.length; length++)
      await expectDamaged(bytes.subarray(0, length), `${length} bytes`);
  });

  test('trailing bytes', async () => {
    for (const more of [1, 8, 1000])
      await expectDamaged(Buffer.concat([bytes, Buffer.alloc(more)]), `${more} more`);
  });

  test.for([
    0n,
    1n,
    2n,
    BigInt(headerLength - 1),
    BigInt(headerLength + 1),
    BigInt(bytes.length),
    100_000_001n,
    2n ** 31n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ])('73 a header of %d bytes', (length) => expectDamaged(fileOf(header, data, length)));

  test('73 a false length takes no memory', async () => {
    const before = process.memoryUsage().arrayBuffers;
    await expectDamaged(fileOf(header, data, 99_999_999n));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });

  test.for([
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['not JSON', '{'],
    ['not JSON, single quotes', "{'a': 1}"],
    ['two values', '{}{}'],
    ['a byte order mark', '\ufeff{}'],
    ['a leading space', ' {}'],
    ['nesting', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['nothing but braces', '{}'],
    [
      '200,000 entries',
      `{${Array.from({ length: 200_000 }, (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`,
    ],
  ] as const)('74 a header that is %s', ([, text]) =>
    expectDamaged(fileOf(text, text === '{}' ? new Uint8Array(0) : data)),
  );

  test('74 a header that is not UTF-8', async () => {
    const broken = fileOf(header, data);
    broken[20] = 0xff;
    await expectDamaged(broken);
  });

  test('74 duplicate names', async () => {
    const text = JSON.stringify(header);
    await expectDamaged(
      fileOf(
        text.replace(
          `"${first}":`,
          `"${second}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"${first}":`,
        ),
        data,
      ),
    );
    await expectDamaged(fileOf(text.replace('"dtype":', '"dtype":"F32","dtype":'), data));
  });

  test.for([
    ['reversed', [100, 0]],
    ['negative', [-4, 0]],
    ['fractional', [0, 0.5]],
    ['texts', ['0', '216']],
    ['one', [0]],
    ['three', [0, 4, 8]],
    ['missing', undefined],
    ['null', null],
    ['past the end', [0, 10 ** 9]],
    ['beyond 2^53', [0, 2 ** 60]],
    ['an object', { 0: 0, 1: 216 }],
  ] as const)('75 data_offsets %s', ([, offsets]) => expectDamaged(entry({ data_offsets: offsets })));

  test('75 overlaps, holes, and bytes that belong to nobody', async () => {
    const swap = changed((h) => {
      const [a, b] = [h[first] as Entry, h[second] as Entry];
      b.data_offsets = (a.data_offsets as number[]).map((n) => n);
      b.shape = a.shape;
    });
    await expectDamaged(swap, 'overlap');
    const shifted = changed((h) => {
      for (const name of names) {
        const e = h[name] as Entry;
        e.data_offsets = (e.data_offsets as number[]).map((n) => n + 4);
      }
    });
    await expectDamaged(shifted, 'hole at the start');
    await expectDamaged(fileOf({ __metadata__: header.__metadata__ }, data), 'no tensors');
    await expectDamaged(
      changed((h) => {
        delete h[first];
      }),
      'one tensor left out',
    );
  });

  test.for([
    ['a shape that asks for more', { shape: [1000, 1000] }],
    ['a shape that asks for less', { shape: [1] }],
    ['a negative dimension', { shape: [-1, -216 / 4] }],
    ['a fractional dimension', { shape: [1.5] }],
    ['a product that overflows', { shape: [2 ** 32, 2 ** 32, 2 ** 32] }],
    ['a product of 2^64 + 1', { shape: [274177, 67280421310721] }],
    ['a dimension beyond 2^53', { shape: [2 ** 60] }],
    ['a text as a dimension', { shape: ['3'] }],
    ['no shape', { shape: undefined }],
    ['too many dimensions', { shape: Array(3000).fill(1) }],
    ['an unknown dtype', { dtype: 'F13' }],
    ['dtype __proto__', { dtype: '__proto__' }],
    ['no dtype', { dtype: undefined }],
    ['a number as dtype', { dtype: 32 }],
    ['another dtype than the bytes', { dtype: 'F16' }],
    ['an integer dtype', { dtype: 'I32' }],
  ] as const)('76 %s', ([, more]) => expectDamaged(entry(more)));

  test('77 strange names and metadata', async () => {
    const text = JSON.stringify(header);
    await expectDamaged(fileOf(text.replace(`"${first}"`, '"__proto__"'), data), '__proto__');
    await expectDamaged(fileOf(text.replace(`"${first}"`, '"other"'), data), 'renamed');
    for (const metadata of ['7', '[]', 'null', '{"a":1}', '{"a":null}', '{"a":{"b":"c"}}']) {
      await expectDamaged(
        fileOf(
          text.replace(/"__metadata__":\{(?:[^"\\}]|"(?:[^"\\]|\\.)*")*\}/, `"__metadata__":${metadata}`),
          data,
        ),
        metadata,
      );
    }
    await expectDamaged(
      changed((h) => ({ ...h, __metadata__: undefined })),
      'no metadata',
    );
    const extra = { [first]: { ...(header[first] as object), extra: 1 } };
    await expectDamaged(fileOf({ ...header, ...extra }, data), 'unknown field');
  });

  test('58 every bit of the header turned over: an error of ours, or a model', async () => {
    for (let at = 0; at < 8 + headerLength; at++) {
      const flipped = bytes.slice();
      (flipped[at] as number) ^= 1 << (at % 8);
      try {
        await load(flipped);
      } catch (error) {
        if (!(error instanceof NeocogError)) throw new Error(`bit of byte ${at}`, { cause: error });
      }
    }
  });

  test('the architecture in the metadata is checked like code: every text in it replaced', async () => {
    const metadata = (header as { __metadata__: Record<string, string> }).__metadata__;
    for (const [key, value] of Object.entries(metadata)) {
      for (const wrong of [
        '',
        'null',
        '[]',
        '{}',
        '7',
        '"x"',
        value.slice(0, -1),
        value.replace('conv2d', 'lambda'),
        value.replace(/"units":\d+/, '"units":1e9'),
      ]) {
        if (wrong === value) continue;
        const file = fileOf({ ...header, __metadata__: { ...metadata, [key]: wrong } }, data);
        try {
          await load(file);
        } catch (error) {
          expect(error, `${key}: ${wrong.slice(0, 80)}`).toBeInstanceOf(ModelFileError);
        }
      }
    }
  });

  test('88 a later version of the format names itself', async () => {
    const metadata = (header as { __metadata__: Record<string, string> }).__metadata__;
    expect(metadata.formatVersion).toBe('1');
    const error = await refusal(() =>
      load(fileOf({ ...header, __metadata__: { ...metadata, formatVersion: '999' } }, data)),
    );
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toMatch(/999/);
  });
});
