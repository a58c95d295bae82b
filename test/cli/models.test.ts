import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ended, run } from '../support/child.js';
import { dataFile, dataMissing } from '../support/data.js';
import { temporaryFolder } from '../support/package.js';
import { root } from '../support/paths.js';

// The commands on models of other programs.

const neocog = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args], {
    cwd: join(root, 'examples', 'digits'),
  });
const squeezenet = dataFile('models/squeezenet1.1.onnx');
const labels = dataFile('data/imagenet-synset.txt');
const photo = (name: string) => dataFile(`data/photos/${name}.jpg`);

/** Classes of the network, its well-known mistake (a kit fox) included. */
const known = { flamingo: 130, coyote: 272, elephants: 386, cat: 285, husky: 248, 'cat-caffe': 278 };

describe.skipIf(dataMissing)('neocog predict', () => {
  test('six photos, as JSON', async () => {
    const photos = Object.keys(known).map(photo);
    const { status, stdout, stderr } = await neocog(
      'predict',
      squeezenet,
      ...photos,
      '--labels',
      labels,
      '--preset',
      'imagenet',
      '--json',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map(({ top }) => top[0].index)).toEqual(Object.values(known));
    expect(answers.map(({ top }) => top.length)).toEqual(photos.map(() => 5));
    expect(answers[0].top[0].label).toBe('flamingo');
    expect(answers[3].top[0].label).toBe('Egyptian cat');
  });

  test('the five best classes in aligned columns, long names cut at their end', async () => {
    const ended = await neocog(
      'predict',
      squeezenet,
      photo('coyote'),
      '--labels',
      labels,
      '--preset',
      'imagenet',
    );
    const lines = ended.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(
      /coyote\.jpg {2}coyote, prairie wolf, brush wolf, Canis… {2}█+\S? +59\.\d\d % +[\d.]+ ms$/,
    );
    expect(lines[1]).toMatch(/^ +timber wolf, grey wolf, .*… {2}█+\S? +27\.\d\d %$/);
    expect(lines[5]).toMatch(/^1 picture, /);
    const ends = lines.slice(0, 5).map((line) => line.indexOf(' %'));
    expect(new Set(ends).size).toBe(1);
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('without a preset it says how pixels are taken', async () => {
    const { stdout } = await neocog('predict', squeezenet, photo('cat'), '--top', '1');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/pixels as 0\.\.1 \(--preset says otherwise\)$/);
  });

  test.each(['mnist.onnx', 'digits.onnx', 'tfjs-mnist/model.json'])(
    'the digits with %s and --preset digit',
    async (name) => {
      const files = readdirSync(join(root, 'examples', 'digits')).filter((file) => file.endsWith('.png'));
      const ended = await neocog('predict', dataFile(`models/${name}`), ...files, '--preset', 'digit');
      const lines = ended.stdout.trimEnd().split('\n').slice(0, -1);
      expect(lines.map((line) => /^(\d)\S*\.png +(\d) /.exec(line)?.slice(1))).toEqual(
        files.map(([digit]) => [digit, digit]),
      );
    },
  );

  test.each(['tf', 'unit'])('--preset %s runs', async (preset) => {
    const { status, stdout } = await neocog(
      'predict',
      squeezenet,
      photo('cat'),
      '--preset',
      preset,
      '--json',
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout).top).toHaveLength(5);
  });

  test('what cannot be done is one line', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'two.json'), '["a", "b"]');
    writeFileSync(join(folder, 'broken.json'), '["a", ');
    const fails = async (model: string, rule: RegExp, ...args: string[]) => {
      const ended = await neocog('predict', model, photo('cat'), ...args);
      expect({ ...ended, stderr: '' }).toEqual({ status: 1, signal: null, stdout: '', stderr: '' });
      expect(ended.stderr).toMatch(rule);
      expect(ended.stderr.split('\n')).toHaveLength(2);
    };
    await fails(
      squeezenet,
      /--labels: expected 1000 names, one for each class, got 2/,
      '--labels',
      `${folder}/two.json`,
    );
    await fails(squeezenet, /--labels: ".*broken\.json" is no JSON/, '--labels', `${folder}/broken.json`);
    await fails(squeezenet, /kind "digit" needs a square input with 1 channel/, '--preset', 'digit');
    await fails(
      dataFile('models/super_resolution.onnx'),
      /one number for each class, got the output \[1, 1, 672, 672\]/,
    );
  });
});

describe.skipIf(dataMissing)('neocog info', () => {
  test('operators with shapes, weights, multiply-adds and bytes of their results', async () => {
    const { status, stdout, stderr } = await neocog('info', squeezenet);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n');
    // 64 filters of 3 x 3 x 3 and a bias; 111 x 111 places.
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^\/features\/features\.0\/Conv \(Conv\) +\[n, 64, 111, 111\] +1,792 +21,290,688 +3,154,176$/,
      ),
    );
    expect(stdout).toMatch(/^total +1,235,496 +349,151,936 +27,845,504$/m);
    expect(stdout).toMatch(/^inputs +data \[n, 3, 224, 224\] float32$/m);
    expect(stdout).toMatch(/^outputs +logits \[n, 1000\] float32$/m);
    const table = lines.slice(0, lines.findIndex((line) => line.startsWith('total')) + 1);
    expect(new Set(table.map(({ length }) => length)).size).toBe(1);
  });

  test('many labels are not listed', async () => {
    const file = join(temporaryFolder(), 'a.safetensors');
    await neocog('convert', squeezenet, file, '--labels', labels, '--preset', 'imagenet');
    const { stdout } = await neocog('info', file);
    expect(stdout).toMatch(
      /^labels +1000: tench, Tinca tinca; goldfish, Carassius auratus; \.\.\. toilet tissue/m,
    );
    expect(stdout).toMatch(/^preprocessing +\{"kind":"image","resize":256/m);
  });
});
