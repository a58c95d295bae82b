import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, run } from '../support/child.js';
import { keptFolder } from '../support/package.js';
import { root } from '../support/paths.js';

const main = join(root, 'dist', 'cli', 'main.js');
const model = join(root, 'models', 'digits.safetensors');
const digits = join(root, 'examples', 'digits');
const folder = keptFolder();
const out = join(folder, 'results.jsonl');
/** Broken ones are among them. */
const count = 120;
const pattern = 'photos/**/*.png';

const job = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [main, 'predict', model, pattern, '--out', out, '--batch', '4', ...args], {
    cwd: folder,
  });
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What an uninterrupted run writes. */
let whole: string;

beforeAll(async () => {
  const names = readdirSync(digits).filter((name) => name.endsWith('.png'));
  for (let i = 0; i < count; i++) {
    const place = join(folder, 'photos', String(i % 7));
    mkdirSync(place, { recursive: true });
    const file = join(place, `${i}.png`);
    if (i % 50 === 17) writeFileSync(file, 'no picture');
    else copyFileSync(join(digits, names[i % names.length] as string), file);
  }
  const ended = await job();
  expect(ended.status).toBe(1);
  expect(ended.stdout).toMatch(
    /^120 pictures, 3 of them failed, 120 of them now in .*-> .*results\.jsonl\n$/,
  );
  expect(ended.stderr.match(/unsupported image format/g)).toHaveLength(3);
  whole = readFileSync(out, 'utf8');
});

beforeEach(() => {
  rmSync(out, { force: true });
  rmSync(`${out}.job`, { force: true });
});

/** Names the first line that differs, where any does. */
function expectWhole(text: string): void {
  const [lines, all] = [text.split('\n'), whole.split('\n')];
  const wrong = all.findIndex((line, i) => line !== lines[i]);
  expect({ line: wrong, is: lines[wrong] }).toEqual({ line: -1, is: undefined });
  expect(lines.length).toBe(all.length);
}

/** Starts the job and sends a signal when its results have grown by so many bytes; gives its end. */
function interrupted(signal: NodeJS.Signals, bytes: number): Promise<Omit<Ended, 'stdout'>> {
  const before = existsSync(out) ? statSync(out).size : 0;
  const args = [main, 'predict', model, pattern, '--out', out, '--batch', '4', '--resume'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const watch = setInterval(() => {
    if (!existsSync(out) || statSync(out).size < before + bytes) return;
    clearInterval(watch);
    child.kill(signal);
  }, 2);
  return new Promise((resolve) =>
    child.on('close', (status, by) => {
      clearInterval(watch);
      resolve({ status, signal: by, stderr });
    }),
  );
}

test('lines are in the order of the files, the same as with --json but for the time', async () => {
  const lines = linesOf(whole);
  const names = lines.map(({ file }) => file as string);
  expect(names).toHaveLength(count);
  expect(names).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
  const { stdout, status } = await run(
    process.execPath,
    [main, 'predict', model, ...names.slice(45, 75), '--json'],
    { cwd: folder },
  );
  expect(status).toBe(1);
  const shown = linesOf(stdout).map(({ ms, ...line }) => line);
  expect(shown).toEqual(lines.slice(45, 75));
  expect(shown.filter(({ error }) => error !== undefined)).toHaveLength(1);
});

test('the same bytes whatever the batch, the engine of one thread, and without a pattern', async () => {
  const names = linesOf(whole).map(({ file }) => file as string);
  const args = [main, 'predict', model, ...names, '--out', out, '--batch', '64'];
  const ended = await run(process.execPath, args, { cwd: folder, env: { NEOCOG_THREADS: '1' } });
  expect(ended.status).toBe(1);
  expectWhole(readFileSync(out, 'utf8'));
});

test('killed several times and continued, the results are those of a run without interruption', async () => {
  for (let round = 0; round < 4; round++) {
    const { signal } = await interrupted('SIGKILL', whole.length / 7);
    expect(signal).toBe('SIGKILL');
    // As if it had been killed in the middle of writing.
    appendFileSync(out, whole.slice(0, 10 + round));
  }
  const part = readFileSync(out, 'utf8').length;
  expect(part).toBeGreaterThan(whole.length / 2);
  expect(part).toBeLessThan(whole.length);
  const { status, stdout } = await job('--resume');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^120 pictures, 3 of them failed, \d+ of them now/);
  expectWhole(readFileSync(out, 'utf8'));
});

test.skipIf(process.platform === 'win32').each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: the pictures in hand get their lines, and the exit code is %d', async (signal, code) => {
  const ended = await interrupted(signal, whole.length / 10);
  expect(ended).toMatchObject({ status: code, signal: null });
  const written = readFileSync(out, 'utf8');
  expect(written.endsWith('\n')).toBe(true);
  expect(whole.startsWith(written)).toBe(true);
  const done = linesOf(written).length;
  expect(done).toBeLessThan(count);
  expect(ended.stderr).toContain(`interrupted after ${done} of 120 pictures; the same command with --resume`);
  await job('--resume');
  expectWhole(readFileSync(out, 'utf8'));
});

describe('--resume', () => {
  test.each([0, 1, 300, 5000])('cuts a file of %d bytes to whole lines and goes on', async (bytes) => {
    await job('--resume');
    writeFileSync(out, whole.slice(0, bytes));
    expect((await job('--resume')).status).toBe(1);
    expectWhole(readFileSync(out, 'utf8'));
  });

  test('with nothing left to do changes nothing and tells again that pictures failed', async () => {
    await job();
    const { status, stdout } = await job('--resume');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^120 pictures, 3 of them failed, (native|js)/);
    expectWhole(readFileSync(out, 'utf8'));
  });

  test('refuses results of other options, of another model, of other pictures, and what are no results', async () => {
    await job();
    const refused = async (message: RegExp, ...args: string[]) => {
      const before = readFileSync(out, 'utf8');
      const { status, stdout, stderr } = await job('--resume', ...args);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(readFileSync(out, 'utf8')).toBe(before);
    };
    await refused(/made with top 5, not 3/, '--top', '3');
    await refused(/made with model "[0-9a-f]{57}\.\.\.", not/, '--preset', 'unit');
    const [first, second, ...rest] = whole.split('\n') as [string, string, ...string[]];
    writeFileSync(out, [second, first, ...rest].join('\n'));
    await refused(/line 1 is about "photos.0.105\.png", and now "photos.0.0\.png" would come there/);
    writeFileSync(out, whole + first);
    expect((await job('--resume')).status).toBe(1);
    writeFileSync(out, `${whole}${first}\n`);
    await refused(/line 121 is about .*, and now no more files would come there/);
    writeFileSync(out, `${first}\nno JSON\n`);
    await refused(/line 2 is no JSON/);
    rmSync(`${out}.job`);
    await refused(/results\.jsonl\.job".*could not be read/);
  });
});

test('results that are there are not overwritten, unless --force says so', async () => {
  writeFileSync(out, 'precious');
  const { status, stderr } = await job();
  expect(status).toBe(1);
  expect(stderr).toMatch(/it is there already \(--resume continues it, --force overwrites it\)/);
  expect(readFileSync(out, 'utf8')).toBe('precious');
  await job('--force');
  expectWhole(readFileSync(out, 'utf8'));
});

test.skipIf(!existsSync('/dev/full'))('a full disk is an error', async () => {
  symlinkSync('/dev/full', out);
  const { status, stderr } = await job();
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /neocog: ".*results\.jsonl" could not be written: ENOSPC: no space left on device\n/,
  );
});

test.skipIf(!existsSync('/dev/stdout'))('a pipe takes results as well, and is not continued', async () => {
  symlinkSync('/dev/stdout', out);
  const command = [process.execPath, main, 'predict', model, pattern, '--out', out].map(
    (word) => `"${word}"`,
  );
  const piped = (more: string) => run('sh', ['-c', `${command.join(' ')} ${more} | cat`], { cwd: folder });
  const { stdout } = await piped('');
  expectWhole(stdout.slice(0, stdout.lastIndexOf('\n120 pictures') + 1));
  expect((await piped('--resume')).stderr).toMatch(/--resume needs a file/);
  expect(existsSync(`${out}.job`)).toBe(false);
});

test.each([
  [['--resume'], 'expected --out FILE with --resume'],
  [['--batch', '4'], 'expected --out FILE with --batch'],
  [['--out', 'x', '--batch', '0'], 'expected --batch to be a positive integer, got "0"'],
  [['--out', 'x', '--json'], 'expected --json or --out FILE'],
  [['--out', 'x', '--resume', '--force'], 'expected --resume or --force'],
  [['photos/*.gif'], 'expected pictures, and "photos/*.gif" finds none'],
  [['photos/[.gif'], 'expected [ to be closed by ]'],
])('%j is wrong usage', async (args, message) => {
  const ended = await run(process.execPath, [main, 'predict', model, pattern, ...args], { cwd: folder });
  expect(ended).toMatchObject({ status: 2, stdout: '' });
  expect(ended.stderr).toContain(message);
});
