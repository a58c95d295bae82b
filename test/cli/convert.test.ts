import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadOnnx, loadTfjs, type Model, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { type Ended, run } from '../support/child.js';
import { dataFile, dataMissing } from '../support/data.js';
import { temporaryFolder } from '../support/package.js';
import { root } from '../support/paths.js';
import { floats, random } from '../support/random.js';

const neocog = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args]);

const own = join(root, 'models', 'digits.safetensors');

async function converted(...args: string[]): Promise<void> {
  const { status, stderr } = await neocog('convert', ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

/** The answers for three seeded pictures, in the order of axes that the model wants. */
async function answers(net: Model): Promise<Float32Array> {
  const lengths = net.inputs[0]?.shape as readonly number[];
  const shape = [3, ...lengths.slice(-3)];
  return ((await net.predict(tensor(floats(random(7), 3 * 784, 0, 1), shape))) as Tensor).data;
}

const differs = (a: Float32Array, b: Float32Array) =>
  Math.hypot(...a.map((x, i) => x - (b[i] as number))) / Math.hypot(...a);

describe('neocog convert', () => {
  test('safetensors -> onnx -> safetensors: the same answers, labels and preprocessing', async () => {
    const folder = temporaryFolder();
    const [onnx, back] = [join(folder, 'a.onnx'), join(folder, 'b.safetensors')];
    await converted(own, onnx);
    await converted(onnx, back);
    const [first, second, third] = [await load(own), await loadOnnx(onnx), await load(back)];
    const wanted = await answers(first);
    expect(differs(wanted, await answers(second))).toBeLessThan(1e-5);
    expect(await answers(third)).toEqual(await answers(second));
    for (const net of [second, third]) {
      expect(net.labels).toEqual(first.labels);
      expect(net.preprocessing).toEqual(first.preprocessing);
    }
  });

  test.skipIf(dataMissing)('onnx -> safetensors -> onnx: bit for bit', async () => {
    const folder = temporaryFolder();
    const [from, saved, back] = [
      dataFile('models/digits.onnx'),
      join(folder, 'a.safetensors'),
      join(folder, 'b.onnx'),
    ];
    await converted(from, saved);
    await converted(saved, back);
    const wanted = await answers(await loadOnnx(from));
    expect(await answers(await load(saved))).toEqual(wanted);
    expect(await answers(await loadOnnx(back))).toEqual(wanted);
  });

  test.skipIf(dataMissing)('a tfjs model -> safetensors and onnx', async () => {
    const folder = temporaryFolder();
    const from = dataFile('models/tfjs-mnist/model.json');
    const [saved, onnx] = [join(folder, 'a.safetensors'), join(folder, 'a.ONNX')];
    await converted(from, saved);
    await converted(from, onnx);
    const wanted = await answers(await loadTfjs(from));
    expect(await answers(await load(saved))).toEqual(wanted);
    expect(differs(wanted, await answers(await loadOnnx(onnx)))).toBeLessThan(1e-5);
  });

  test.skipIf(dataMissing)('--labels and --preset are kept in either format, also of a graph', async () => {
    const folder = temporaryFolder();
    const labels = Array.from({ length: 10 }, (_, i) => `digit ${i}`);
    writeFileSync(join(folder, 'labels.txt'), `${labels.join('\n')}\n`);
    const more = ['--labels', join(folder, 'labels.txt'), '--preset', 'digit'];
    const [saved, onnx, again] = ['a.safetensors', 'a.onnx', 'b.onnx'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await converted(dataFile('models/digits.onnx'), saved, ...more);
    await converted(dataFile('models/digits.onnx'), onnx, ...more);
    await converted(saved, again);
    for (const net of [await load(saved), await loadOnnx(onnx), await loadOnnx(again)]) {
      expect(net.labels).toEqual(labels);
      expect(net.preprocessing).toEqual({ kind: 'digit', box: 20 });
    }
  });

  test('what cannot be done is one line that names the fix', async () => {
    const folder = temporaryFolder();
    const out = join(folder, 'a.onnx');
    writeFileSync(join(folder, 'two.txt'), 'a\nb\n');
    mkdirSync(join(folder, 'folder'));
    const fails = async (status: number, rule: RegExp, ...args: string[]) => {
      const ended = await neocog('convert', ...args);
      expect({ ...ended, stderr: '' }).toEqual({ status, signal: null, stdout: '', stderr: '' });
      expect(ended.stderr).toMatch(rule);
      expect(ended.stderr.split('\n')).toHaveLength(status === 2 ? 3 : 2);
    };
    await fails(
      2,
      /expected OUT to end in \.onnx or \.safetensors, got ".*a\.tflite"/,
      own,
      `${folder}/a.tflite`,
    );
    await fails(2, /expected the names of two files, IN and OUT, got 1/, own);
    await fails(
      2,
      /--preset to be one of imagenet, tf, unit, digit, got "caffe"/,
      own,
      out,
      '--preset',
      'caffe',
    );
    await fails(
      1,
      /--labels: ".*none" could not be read: ENOENT: no such file or directory\n/,
      own,
      out,
      '--labels',
      `${folder}/none`,
    );
    await fails(1, /--labels: ".*" could not be read: EISDIR/, own, out, '--labels', folder);
    await fails(
      1,
      /--labels: expected 10 names, one for each class, got 2/,
      own,
      out,
      '--labels',
      `${folder}/two.txt`,
    );
    await fails(1, /could not be read: ENOENT: no such file or directory\n/, `${folder}/none.onnx`, out);
    await fails(1, /a regular file/, `${folder}/folder`, out);
    await fails(1, /could not be written: ENOENT: no such file or directory\n/, own, `${folder}/none/a.onnx`);
    await fails(1, /ONNX files are known by \.onnx, tfjs models by \.json\n/, join(root, 'README.md'), out);
  });
});
