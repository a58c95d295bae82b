import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ended, run } from '../support/child.js';
import { backends } from '../support/engines.js';
import { packageCopy, temporaryFolder } from '../support/package.js';
import { root } from '../support/paths.js';

const model = join(root, 'models', 'digits.safetensors');
const digits = join(root, 'examples', 'digits');
const pictures = readdirSync(digits).filter((name) => name.endsWith('.png'));

const neocog = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args], { cwd: digits });

const jsonLines = ({ stdout }: Ended) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('neocog predict', () => {
  for (const { name, missing } of backends) {
    test.skipIf(missing !== undefined)(`recognises every example on ${name}`, async () => {
      const ended = await neocog('predict', model, ...pictures, '--json', '--backend', name);
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      const lines = jsonLines(ended);
      expect(lines.map(({ file }) => file)).toEqual(pictures);
      for (const { file, top, ms } of lines) {
        expect(Object.keys(top[0])).toEqual(['index', 'label', 'probability']);
        expect(top).toHaveLength(5);
        expect(top[0].label, file).toBe(file[0]);
        expect(top[0].probability, file).toBeGreaterThan(0.9);
        expect(ms).toBeGreaterThan(0);
      }
    });
  }

  test('the examples show every digit', () => {
    expect(new Set(pictures.map((name) => name[0])).size).toBe(10);
  });

  test('prints a line per picture with a bar, no colours off a terminal, and the engine last', async () => {
    const { status, stdout } = await neocog('predict', model, '8.png', '3-chalk.png', '--backend', 'js');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^8\.png +8 {2}█{19}. +\d+\.\d\d % +\d+\.\d+ ms$/);
    expect(lines[1]).toMatch(/^3-chalk\.png +3 {2}█/);
    expect(lines[2]).toMatch(/^2 pictures, \d+\.\d+ ms each, js \(pure TypeScript\): asked for/);
  });

  test('--top asks for more classes, at most all', async () => {
    const ended = await neocog('predict', model, '8.png', '--top', '99', '--json');
    const [{ top }] = jsonLines(ended);
    expect(top).toHaveLength(10);
    const sum = top.reduce((a: number, { probability }: { probability: number }) => a + probability, 0);
    expect(sum).toBeCloseTo(1, 5);
  });

  test('a bad picture is an error line, the others are done, and the exit code is 1', async () => {
    const broken = join(temporaryFolder(), 'broken.png');
    writeFileSync(broken, 'no picture');
    const files = ['8.png', broken, 'absent.png', '1.png'];
    const ended = await neocog('predict', model, ...files, '--json');
    expect(ended.status).toBe(1);
    expect(jsonLines(ended).map((line) => [line.file, 'error' in line])).toEqual([
      ['8.png', false],
      [broken, true],
      ['absent.png', true],
      ['1.png', false],
    ]);
    expect(ended.stderr.trim().split('\n')).toHaveLength(2);
    expect(ended.stderr).toMatch(/^neocog: .*broken\.png: .+\nneocog: absent\.png: /);
  });

  test('without sharp the error says what to install', async () => {
    const folder = packageCopy();
    cpSync(model, join(folder, 'digits.safetensors'));
    const args = [
      join(folder, 'dist', 'cli', 'main.js'),
      'predict',
      'digits.safetensors',
      join(digits, '8.png'),
    ];
    const ended = await run(process.execPath, args, { cwd: folder });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain('npm install sharp');
  });
});

describe('neocog info', () => {
  test('shows layers, shapes, labels and preprocessing', async () => {
    const { status, stdout, stderr } = await neocog('info', model);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const part of [
      'conv2d_5',
      '[n, 7, 7, 96]',
      '105,922',
      '[28, 28, 1]',
      '0, 1, 2',
      '"kind":"digit"',
      'engine',
    ]) {
      expect(stdout).toContain(part);
    }
  });

  test('a file that is no model: exit code 1 and one line', async () => {
    const { status, stdout, stderr } = await neocog('info', '8.png');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^neocog: load: "8\.png".*\n$/);
  });
});

describe('usage', () => {
  test.each([
    [[], 'expected a command'],
    [['bench'], 'no such command: bench'],
    [['toString'], 'no such command: toString'],
    [['predict'], 'expected a model file'],
    [['predict', model], 'expected one or more pictures'],
    [['predict', model, '8.png', '--top', '0'], 'expected --top to be a positive integer'],
    [['predict', model, '8.png', '--backend', 'gpu'], 'expected --backend to be native or js'],
    [['predict', model, '8.png', '--colour'], '--colour'],
    [['info'], 'expected one model file, got 0'],
    [['info', model, model], 'expected one model file, got 2'],
  ])('%j is wrong usage: exit code 2 and a hint', async (args, message) => {
    const { status, stdout, stderr } = await neocog(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nTry: neocog .*--help\n$/);
  });

  test.each([[['--help']], [['predict', '--help']], [['info', '--help']]])('%j', async (args) => {
    const { status, stdout, stderr } = await neocog(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: neocog /);
  });

  test('--version', async () => {
    expect((await neocog('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.skipIf(process.platform === 'win32')('a reader that leaves early is no error', async () => {
    const command = `"${process.execPath}" "${join(root, 'dist', 'cli', 'main.js')}" --help | true`;
    const { stderr } = await run('sh', ['-c', command]);
    expect(stderr).toBe('');
  });
});
