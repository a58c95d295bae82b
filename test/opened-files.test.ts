import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './support/child.js';
import { layer, sequentialJson, weightData } from './support/keras.js';
import { temporaryFolder } from './support/package.js';
import { root } from './support/paths.js';
import { bytes, int, join as joined, withTensor } from './support/protobuf.js';

// What models are never allowed to do, seen from outside: which files the process opens while it reads them.

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const locations = [
  '../secret',
  'data/../../secret',
  '/secret',
  '/proc/self/mem',
  '/dev/zero',
  '//secret',
  'w.bin\0.txt',
  '..\\secret',
  'file:///secret',
  'link',
  'hard',
  'up/secret',
  'pipe',
  'none',
  '.',
  '',
];

/** Each model with what it names as its weights, as ONNX and as a tfjs model, and the loads of a child process. */
function hostileFolder(): { readonly outside: string; readonly folder: string } {
  const outside = realpathSync(temporaryFolder());
  const folder = join(outside, 'model');
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(outside, 'secret'), new Uint8Array(24));
  symlinkSync(join(outside, 'secret'), join(folder, 'link'));
  symlinkSync(outside, join(folder, 'up'));
  linkSync(join(outside, 'secret'), join(folder, 'hard'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const entries = [
    { name: 'd/kernel', shape: [2, 2] },
    { name: 'd/bias', shape: [2] },
  ];
  const dense = layer('Dense', 'd', { units: 2, batch_input_shape: [null, 2] });
  const tfjs = sequentialJson([dense], entries);
  for (const [i, location] of locations.entries()) {
    const data = bytes(13, joined(bytes(1, 'location'), bytes(2, location)));
    const external = joined(bytes(8, 'w'), int(2, 1), int(1, 6), int(14, 1), data);
    writeFileSync(join(folder, `${i}.onnx`), withTensor(external));
    const weights = entries.map((entry) => ({ dtype: 'float32', ...entry }));
    const json = { ...tfjs, weightsManifest: [{ paths: [location], weights }] };
    writeFileSync(join(folder, `${i}.json`), JSON.stringify(json));
  }
  writeFileSync(join(folder, 'shard'), weightData(entries));
  return { outside, folder };
}

const loads = (folder: string) => `
  import { loadOnnx, loadTfjs } from ${JSON.stringify(join(root, 'dist', 'neocog.js'))};
  import { existsSync } from 'node:fs';
  existsSync('/neocog-begins');
  const refused = [];
  for (let i = 0; i < ${locations.length}; i++) {
    const base = ${JSON.stringify(folder)} + '/' + i;
    for (const read of [
      () => loadOnnx(base + '.onnx'),
      () => loadOnnx(base + '.onnx', { externalData: true }),
      () => loadTfjs(base + '.json'),
    ]) refused.push(await read().then(() => 'loaded', (error) => error.code));
  }
  existsSync('/neocog-ends');
  console.log(JSON.stringify(refused));
`;

test.skipIf(!hasStrace)(
  '67 and 80 hostile models: no file outside of the folder is opened',
  { timeout: 120_000 },
  async () => {
    const { outside, folder } = hostileFolder();
    const trace = join(outside, 'trace');
    const script = join(outside, 'loads.mjs');
    writeFileSync(script, loads(folder));
    const strace = ['-f', '-e', 'trace=file', '-o', trace, process.execPath, script];
    const { status, stdout, stderr } = await run('strace', strace, { timeout: 100_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // A shard may be a hard link; everything else is refused.
    const expected = locations.flatMap((location) => [
      'ERR_MODEL_FILE',
      'ERR_MODEL_FILE',
      location === 'hard' ? 'loaded' : 'ERR_MODEL_FILE',
    ]);
    expect(JSON.parse(stdout)).toEqual(expected);

    const [, during] = /neocog-begins(.*)neocog-ends/s.exec(readFileSync(trace, 'utf8')) ?? [];
    const opened = [...(during ?? '').matchAll(/open(?:at2?)?\((?:\w+, )?"((?:[^"\\]|\\.)*)"/g)].map(
      ([, path = '']) => (isAbsolute(path) ? path : resolve(path)),
    );
    expect(opened).toContain(join(folder, '0.onnx'));
    // Parts of this package are loaded when they are needed: no model chooses them.
    const own = [`${folder}/`, `${join(root, 'dist')}/`];
    const foreign = opened.filter((path) => !own.some((place) => path.startsWith(place)));
    expect(foreign).toEqual([]);
    for (const name of ['link', 'up/secret', 'pipe']) expect(opened).not.toContain(join(folder, name));
  },
);
