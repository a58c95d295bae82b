import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { countFiles, files, isPattern, partsOf } from '../support/internals.js';
import { keptFolder } from '../support/package.js';

const folder = keptFolder();

/** A small tree; what begins with a dot is hidden. */
const tree = [
  'b.jpg',
  'a.png',
  'a.jpg',
  'B.jpg',
  'a[1].jpg',
  'notes.txt',
  '.hidden.jpg',
  'deep/1.jpg',
  'deep/deeper/2.jpg',
  'deep/deeper/2.png',
  'deep/.git/3.jpg',
  'other/deeper/4.jpg',
  'ü+$.jpg',
];

beforeAll(() => {
  for (const path of tree) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
  if (process.platform !== 'win32') {
    symlinkSync('deep', join(folder, 'link'));
    symlinkSync('..', join(folder, 'other', 'loop'));
    symlinkSync('../a.jpg', join(folder, 'other', 'file-link.jpg'));
  }
});

async function found(...patterns: string[]): Promise<string[]> {
  const names: string[] = [];
  for await (const file of files(patterns.map((pattern) => join(folder, pattern)))) names.push(file);
  return names.map((name) => name.slice(folder.length + 1).replaceAll('\\', '/'));
}

describe.skipIf(process.platform === 'win32')('files', () => {
  test.each([
    ['*.jpg', ['B.jpg', 'a.jpg', 'a[1].jpg', 'b.jpg', 'ü+$.jpg']],
    ['?.jpg', ['B.jpg', 'a.jpg', 'b.jpg']],
    ['[ab].jpg', ['a.jpg', 'b.jpg']],
    ['[!a-z].jpg', ['B.jpg']],
    ['a.{jpg,png}', ['a.jpg', 'a.png']],
    ['{a,{b,c}}.jpg', ['a.jpg', 'b.jpg']],
    ['ü+$.*', ['ü+$.jpg']],
    ['.*.jpg', ['.hidden.jpg']],
    ['*/deeper/*.jpg', ['deep/deeper/2.jpg', 'link/deeper/2.jpg', 'other/deeper/4.jpg']],
    ['*/deeper/4.jpg', ['other/deeper/4.jpg']],
    ['deep/.git/*', ['deep/.git/3.jpg']],
    ['**/deeper/*.jpg', ['deep/deeper/2.jpg', 'other/deeper/4.jpg']],
    ['**/*.png', ['a.png', 'deep/deeper/2.png']],
    ['deep/**', ['deep/1.jpg', 'deep/deeper/2.jpg', 'deep/deeper/2.png']],
    ['deep/**/**/*.jpg', ['deep/1.jpg', 'deep/deeper/2.jpg']],
    ['**/a.*', ['a.jpg', 'a.png']],
    ['other/*', ['other/file-link.jpg']],
    ['nowhere/*.jpg', []],
    ['a.jpg/*.jpg', []],
  ])('%s', async (pattern, expected) => {
    expect(await found(pattern)).toEqual(expected);
  });

  test('a file whose name looks like a pattern is that file', async () => {
    expect(await found('a[1].jpg')).toEqual(['a[1].jpg']);
  });

  test('paths without a pattern are given as they are, present or not, in their order and as often as asked', async () => {
    expect(await found('b.jpg', 'absent.jpg', '?.jpg', 'b.jpg')).toEqual([
      'b.jpg',
      'absent.jpg',
      'B.jpg',
      'a.jpg',
      'b.jpg',
      'b.jpg',
    ]);
  });

  test('countFiles counts each pattern', async () => {
    const patterns = ['**/*.jpg', 'absent.jpg', '*.gif'].map((pattern) => join(folder, pattern));
    expect(await countFiles(patterns)).toEqual([9, 1, 0]);
  });

  test('a pattern is looked up where the process is', async () => {
    const names: string[] = [];
    for await (const file of files(['package*.json'])) names.push(file);
    expect(names).toEqual(['package-lock.json', 'package.json']);
  });
});

describe('patterns', () => {
  test.each(['[ab.jpg', 'x/{a,b.jpg', '{a/b,c}.jpg', '[z-a].jpg'])('%s is refused', (pattern) => {
    expect(isPattern(pattern)).toBe(true);
    expect(() => partsOf(pattern)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
  });

  test.each([
    ['[]a]', ']', true],
    ['[]a]', 'b', false],
    ['[^a]', '^', true],
    ['[\\]', '\\', true],
    ['a|b*', 'a', false],
    ['(a)*', '(a)b', true],
    ['a,b}*', 'a,b}c', true],
    ['*', 'line\nbreak', true],
    ['?', '😀', true],
  ])('%j and the name %j: %s', (pattern, name, matches) => {
    const [rule] = partsOf(pattern);
    expect((rule as RegExp).test(name)).toBe(matches);
  });
});
