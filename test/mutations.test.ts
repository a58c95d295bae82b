import { join } from 'node:path';
import { load, loadOnnx, loadTfjs, type Model } from 'neocog';
import { describe, expect, test } from 'vitest';
import { mutant, truncations } from '../scripts/mutations.mjs';
import { bordersOf, fed, ran, subjects } from '../scripts/subjects.mjs';
import { dataFile, dataMissing } from './support/data.js';
import { backends } from './support/engines.js';
import { root } from './support/paths.js';

/** Copies of each model; scripts/mutate.mjs makes as many as one likes. */
const copies = 2000;
/** Of the copies that load, one in so many is run. */
const perRun = 10;
/** Models above this many bytes are cut at some lengths only. */
const small = 50_000;
/** Of this process's computing, for one copy. */
const mostMs = 2000;

const seconds = 300;
const all = await subjects(
  { load, loadOnnx, loadTfjs },
  join(root, 'models'),
  dataMissing === undefined ? dataFile('models') : undefined,
);
const here = backends.filter(({ missing }) => missing === undefined).map(({ options }) => options.backend);

describe.each(all)('damaged copies of $name', (subject) => {
  const { bytes, kind, large } = subject;

  /** What went wrong, with the copy's name. */
  const told = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
  };

  test('57 cut', { timeout: seconds * 1000 }, async () => {
    for (const length of truncations(bytes.length, bordersOf(subject), bytes.length <= small ? 1 : 4999)) {
      const what = `cut at ${length}`;
      const model = await told(what, () => fed(subject, bytes.subarray(0, length), undefined, mostMs));
      expect(model, what).toBeUndefined();
    }
  });

  test(`58 ${copies} mutants`, { timeout: seconds * 1000 }, async () => {
    let loaded = 0;
    let answered = 0;
    for (let seed = 0; seed < copies; seed++) {
      const copy = mutant(bytes, kind, seed);
      const feed = (backend?: 'native' | 'js') =>
        told(`seed ${seed}`, () => fed(subject, copy, backend, mostMs));
      if (!(await feed()) || loaded++ % perRun > 0 || large) continue;
      for (const backend of here) {
        const model = (await feed(backend)) as Model;
        const outcome = await told(`seed ${seed} on ${backend}`, () => ran(model, seed));
        if (outcome === 'answered') answered++;
      }
    }
    // A mutation that nothing notices, or one that everything does, would test nothing.
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(copies / 2);
    if (!large) expect(answered).toBeGreaterThan(0);
  });
});
