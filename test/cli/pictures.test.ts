import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/child.js';
import { root } from '../support/paths.js';
import { widePicture } from '../support/wide-picture.js';

const two = join(root, 'examples', 'digits', '2.png');
const seven = join(root, 'examples', 'digits', '7-transparent.png');
const folder = mkdtempSync(join(tmpdir(), 'neocog-pictures-'));

/** The same digits as other cameras, scanners and programs would hand them over. */
const made: Readonly<Record<string, Sharp>> = {
  '2-inverted.png': sharp(two).negate(),
  '2-jpeg.jpg': sharp(two).jpeg({ quality: 50 }),
  '2-cmyk.jpg': sharp(two).toColourspace('cmyk').jpeg(),
  '2-palette.png': sharp(two).png({ palette: true }),
  '2-webp.webp': sharp(two).webp(),
  '2-sixteen.png': sharp(two).toColourspace('rgb16').png(),
  '2-large.png': sharp(two).resize(2400),
  '2-small.png': sharp(two).resize(24),
  '2-corner.png': sharp(two).extend({ right: 300, bottom: 200, background: '#fcfcfa' }),
  // Lying on its side, with the EXIF orientation that says so.
  '2-turned.jpg': sharp(two).rotate(90).withMetadata({ orientation: 8 }).jpeg(),
  // White ink on nothing.
  '7-white.png': sharp(seven).linear([0, 0, 0, 1], [255, 255, 255, 0]),
};

let answers: { file: string; top?: { label: string; probability: number }[]; error?: string }[];

beforeAll(async () => {
  await Promise.all(Object.entries(made).map(([file, picture]) => picture.toFile(join(folder, file))));
  await sharp({ create: { width: 40, height: 30, channels: 3, background: '#eee' } }).toFile(
    join(folder, 'blank.png'),
  );
  writeFileSync(join(folder, 'wide.png'), await widePicture());
  const files = [...Object.keys(made), 'blank.png', 'wide.png'];
  const main = join(root, 'dist', 'cli', 'main.js');
  const model = join(root, 'models', 'digits.safetensors');
  const { stdout } = await run(process.execPath, [main, 'predict', model, ...files, '--json'], {
    cwd: folder,
  });
  answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a digit is the same digit', () => {
  test.each(Object.keys(made))('%s', (file) => {
    const top = answers.find((answer) => answer.file === file)?.top;
    expect(top?.[0]?.label).toBe(file[0]);
    expect(top?.[0]?.probability).toBeGreaterThan(0.9);
  });

  test('a blank picture is refused', () => {
    expect(answers.find(({ file }) => file === 'blank.png')?.error).toMatch(/blank/);
  });

  test('a small file that unfolds to many pixels is not decoded', () => {
    expect(answers.find(({ file }) => file === 'wide.png')?.error).toMatch(/100 million pixels, got 12000/);
  });
});
