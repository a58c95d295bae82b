import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadTfjs } from 'neocog';
import { describe, expect, test } from 'vitest';
import { fieldsOf, headerEnd, type Kind, mutant, truncations } from '../scripts/mutations.mjs';
import { dataFile, dataMissing } from './support/data.js';
import { failing, readOnnx } from './support/internals.js';
import { root } from './support/paths.js';

/** Copies of each model; scripts/mutate.mjs makes as many as one likes. */
const copies = 2000;
/** Models above this many bytes are cut at some lengths only. */
const small = 50_000;

interface Subject {
  readonly path: string;
  readonly kind: Kind;
  readonly read: (bytes: Uint8Array) => unknown;
  /** Of weights that lie in other files. */
  readonly extraBytes?: number;
}

const onnx = (name: string): Subject => ({
  path: dataFile(`models/${name}.onnx`),
  kind: 'onnx',
  read: (bytes) => readOnnx(bytes, failing('readOnnx', 'mutant')),
});
const tfjs = (): Subject => {
  const shards = [1, 2, 3, 4, 5, 6].map((group) =>
    readFileSync(dataFile(`models/tfjs-mnist/group${group}-shard1of1`)),
  );
  const weightData = new Uint8Array(Buffer.concat(shards));
  return {
    path: dataFile('models/tfjs-mnist/model.json'),
    kind: 'json',
    read: (bytes) => loadTfjs(bytes, { weightData }),
    extraBytes: weightData.length,
  };
};
const subjects: readonly Subject[] = [
  { path: join(root, 'models', 'digits.safetensors'), kind: 'safetensors', read: (bytes) => load(bytes) },
  ...(dataMissing === undefined
    ? [...['digits', 'mnist', 'super_resolution', 'squeezenet1.1'].map(onnx), tfjs()]
    : []),
];

const seconds = 300;

describe.each(subjects)('damaged copies of $path', ({ path, kind, read, extraBytes = 0 }) => {
  const bytes = new Uint8Array(readFileSync(path));

  /** It loads or is refused with a ModelFileError, soon, and takes no more memory than its length allows. */
  const feed = async (copy: Uint8Array, what: string): Promise<boolean> => {
    const before = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    let loads = true;
    try {
      await read(copy);
    } catch (error) {
      const { code, stack } = error as { code?: string; stack?: string };
      if (code !== 'ERR_MODEL_FILE') throw new Error(`${what}: ${stack}`);
      loads = false;
    }
    const taken = process.memoryUsage().arrayBuffers - before;
    if (taken > 2 * (copy.length + extraBytes) + 2 ** 24)
      throw new Error(`${what}: ${taken} bytes of memory`);
    const ms = performance.now() - start;
    if (ms > 2000) throw new Error(`${what}: ${ms} ms`);
    return loads;
  };

  test('57 cut', { timeout: seconds * 1000 }, async () => {
    const fields = kind === 'onnx' ? fieldsOf(bytes).flatMap(({ begin, end }) => [begin, end]) : [];
    const borders = kind === 'safetensors' ? [headerEnd(bytes)] : fields;
    for (const length of truncations(bytes.length, borders, bytes.length <= small ? 1 : 4999)) {
      expect(await feed(bytes.subarray(0, length), `cut at ${length}`), `cut at ${length}`).toBe(false);
    }
  });

  test(`58 ${copies} mutants`, { timeout: seconds * 1000 }, async () => {
    let loaded = 0;
    for (let seed = 0; seed < copies; seed++) {
      if (await feed(mutant(bytes, kind, seed), `seed ${seed}`)) loaded++;
    }
    // A mutation that nothing notices, or one that everything does, would test nothing.
    expect(loaded).toBeLessThan(copies / 2);
  });
});
