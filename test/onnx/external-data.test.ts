import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failing, ModelFileError, readOnnxFile } from '../support/internals.js';
import { temporaryFolder } from '../support/package.js';
import { bytes, int, join, raw, withTensor } from '../support/protobuf.js';

// Number 67 of the list of bad inputs: what a model file names is read only in its own folder, and only when allowed.

/** A model whose weight w [2] lies where these entries say. */
const model = (entries: Readonly<Record<string, string>>): Uint8Array =>
  withTensor(
    join(
      bytes(8, 'w'),
      int(2, 1),
      int(1, 2),
      int(14, 1),
      ...Object.entries(entries).map(([key, value]) => bytes(13, bytes(1, key), bytes(2, value))),
    ),
  );

/** A folder with the model, its data `w.bin` (1, 2, 3) and a secret beside it. */
function folderWith(entries: Readonly<Record<string, string>>) {
  const outside = temporaryFolder();
  const folder = joinPath(outside, 'model');
  mkdirSync(joinPath(folder, 'data'), { recursive: true });
  writeFileSync(joinPath(folder, 'model.onnx'), model(entries));
  writeFileSync(joinPath(folder, 'w.bin'), raw(1, 2, 3));
  writeFileSync(joinPath(folder, 'data', 'w.bin'), raw(4, 5));
  writeFileSync(joinPath(outside, 'secret'), raw(6, 7));
  const path = joinPath(folder, 'model.onnx');
  const read = (externalData = true) => readOnnxFile(path, failing('loadOnnx', 'test'), { externalData });
  return { outside, folder, read };
}

async function refused(read: () => Promise<unknown>, rule: RegExp): Promise<void> {
  const error = await read().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelFileError);
  expect((error as Error).message).toMatch(rule);
}

describe('external data', () => {
  test.for([
    [{ location: 'w.bin' }, [1, 2]],
    [{ location: 'w.bin', offset: '4' }, [2, 3]],
    [{ location: 'w.bin', offset: '0', length: '8', checksum: 'x' }, [1, 2]],
    [{ location: 'data/w.bin' }, [4, 5]],
    [{ location: './data/./w.bin' }, [4, 5]],
  ] as const)('%j', async ([entries, numbers]) => {
    const { initializers } = await folderWith(entries).read();
    expect(initializers.get('w')?.data).toEqual(Float32Array.from(numbers));
  });

  test('is not opened unless it is allowed', async () => {
    const { read } = folderWith({ location: 'w.bin' });
    await refused(() => read(false), /initializer "w": its data lie in another file: .* externalData: true/);
  });

  test('where no tensor asks for it, nothing else is read', async () => {
    const folder = temporaryFolder();
    const path = joinPath(folder, 'a.onnx');
    writeFileSync(path, withTensor(join(bytes(8, 'w'), int(2, 1), int(1, 1), bytes(9, raw(1)))));
    const { initializers } = await readOnnxFile(path, failing('loadOnnx', 'test'), { externalData: true });
    expect(initializers.get('w')?.data).toEqual(Float32Array.of(1));
    expect(readdirSync(folder)).toEqual(['a.onnx']);
  });

  test('an unaligned offset is read too', async () => {
    const { folder, read } = folderWith({ location: 'w.bin', offset: '1' });
    writeFileSync(joinPath(folder, 'w.bin'), Buffer.concat([Buffer.of(9), raw(8, 9)]));
    expect((await read()).initializers.get('w')?.data).toEqual(Float32Array.of(8, 9));
  });
});

describe('67 attacks', () => {
  test.for([
    '../secret',
    'data/../../secret',
    'data/../w.bin',
    '/etc/passwd',
    '/proc/self/mem',
    '/dev/zero',
    '//secret',
    'data//w.bin',
    'w.bin/',
    '',
    '.',
    '..',
    'w.bin\0.txt',
    '..\\secret',
    'C:\\secret',
    'C:secret',
    'file:///etc/passwd',
    'https://example.org/w.bin',
    '*/_ORT_MEM_ADDR_/*',
  ])('location %j', async (location) => {
    const rule = /"w": (expected a file in the model's folder|could not be read)/;
    await refused(folderWith({ location }).read, rule);
  });

  const links = /regular file of the model's folder, without links/;

  test('a symbolic link', async () => {
    const { outside, folder, read } = folderWith({ location: 'link' });
    symlinkSync(joinPath(outside, 'secret'), joinPath(folder, 'link'));
    await refused(read, links);
  });

  test('a symbolic link to a file of the folder', async () => {
    const { folder, read } = folderWith({ location: 'link' });
    symlinkSync('w.bin', joinPath(folder, 'link'));
    await refused(read, links);
  });

  test('a folder that is a symbolic link', async () => {
    const { outside, folder, read } = folderWith({ location: 'up/secret' });
    symlinkSync(outside, joinPath(folder, 'up'));
    await refused(read, links);
  });

  test('a hard link', async () => {
    const { outside, folder, read } = folderWith({ location: 'link' });
    linkSync(joinPath(outside, 'secret'), joinPath(folder, 'link'));
    await refused(read, /one name, got a file with 2 hard links/);
  });

  test('a folder, a file as a folder, no file', async () => {
    await refused(folderWith({ location: 'data' }).read, links);
    await refused(folderWith({ location: 'w.bin/x' }).read, links);
    await refused(folderWith({ location: 'none.bin' }).read, /could not be read: ENOENT/);
  });

  test.skipIf(process.platform === 'win32')('a pipe without a writer', async () => {
    const { folder, read } = folderWith({ location: 'pipe' });
    execFileSync('mkfifo', [joinPath(folder, 'pipe')]);
    await refused(read, links);
  });

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('no permission', async () => {
    const { folder, read } = folderWith({ location: 'w.bin' });
    chmodSync(joinPath(folder, 'w.bin'), 0);
    await refused(read, /could not be read: EACCES/);
  });

  test.for([
    [{ location: 'w.bin', offset: '-1' }, /offset to be a length, got "-1"/],
    [{ location: 'w.bin', offset: '8' }, /end in a file of 12 bytes, got byte 16/],
    [{ location: 'w.bin', offset: '99999999999999' }, /end in a file of 12 bytes/],
    [{ location: 'w.bin', offset: '99999999999999999999' }, /offset to be a length/],
    [{ location: 'w.bin', offset: '0x4' }, /offset to be a length/],
    [{ location: 'w.bin', length: '-8' }, /length to be a length/],
    [{ location: 'w.bin', length: '12' }, /expected 8 bytes of external data, got a length of 12/],
    [{ location: 'w.bin', length: '4' }, /expected 8 bytes/],
    [{ offset: '0' }, /expected the location/],
    [{ location: 'w.bin', path: 'x' }, /got "path"/],
    [{ location: 'w.bin', ['__proto__']: 'x' }, /got "__proto__"/],
  ] as const)('%j', async ([entries, rule]) => {
    await refused(folderWith(entries).read, rule);
  });
});

describe('the file itself', () => {
  const read = (path: string) => readOnnxFile(path, failing('loadOnnx', 'test'));

  test('86 a folder, nothing, a pipe', async () => {
    const folder = temporaryFolder();
    await refused(() => read(folder), /expected a regular file/);
    await refused(() => read(joinPath(folder, 'none')), /could not be read: ENOENT/);
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [joinPath(folder, 'pipe')]);
    await refused(() => read(joinPath(folder, 'pipe')), /expected a regular file/);
  });
});
