#!/usr/bin/env node
// Feeds damaged model files to the readers: node scripts/mutate.mjs [copies of each model = 2000] [a cut every n bytes = 1] [first seed = 1] [only names that hold this].
// Every one must load or be refused with a ModelFileError, within a second of computing and twice its size (and 16 MiB) of memory;
// of those that load, every tenth is run on native and on js. The models are those of the shared folder
// (NEOCOG_TEST_DATA) and our own; `npm run build` comes first.
import { resolve } from 'node:path';
import { mutant, truncations } from './mutations.mjs';
import { bordersOf, fed, ran, subjects } from './subjects.mjs';
import { root } from './tools.mjs';

const [count = 2000, step = 1, firstSeed = 1] = process.argv.slice(2, 5).map(Number);
const only = process.argv[5] ?? '';
/** Of the copies that load, one in so many is run. */
const perRun = 10;
const shared = resolve(root, process.env.NEOCOG_TEST_DATA ?? '../shared', 'models');
const readers = await import(`${root}/dist/index.js`);
const backends = readers.backend().name === 'native' ? ['native', 'js'] : ['js'];

let wrong = 0;
const watch = async (what, work) => {
  try {
    return await work();
  } catch (error) {
    wrong++;
    console.log(`${what}: ${error.stack}`);
    return undefined;
  }
};

for (const subject of await subjects(readers, `${root}/models`, shared)) {
  const { name, kind, bytes, large } = subject;
  if (!name.includes(only)) continue;
  const start = performance.now();
  const found = { cuts: 0, mutants: 0, loaded: 0, answered: 0, refused: 0, large: 0 };
  const feed = (copy, what, backend) => watch(`${name} ${what}`, () => fed(subject, copy, backend, 1000));

  for (const length of truncations(bytes.length, bordersOf(subject), step)) {
    found.cuts++;
    if (await feed(bytes.subarray(0, length), `cut at ${length}`)) found.loaded++;
  }
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    found.mutants++;
    const copy = mutant(bytes, kind, seed);
    const model = await feed(copy, `seed ${seed}`);
    if (!model) continue;
    if (found.loaded++ % perRun > 0 || large) continue;
    for (const backend of backends) {
      const made = await feed(copy, `seed ${seed} on ${backend}`, backend);
      const outcome = made && (await watch(`${name} seed ${seed} on ${backend}`, () => ran(made, seed)));
      if (outcome) found[outcome]++;
    }
  }
  const seconds = ((performance.now() - start) / 1000).toFixed();
  console.log(`${name}: ${JSON.stringify(found)}, ${wrong} wrong so far, ${seconds} s`);
}
console.log(`resident memory at most ${(process.resourceUsage().maxRSS / 1024).toFixed()} MiB`);
process.exitCode = wrong > 0 ? 1 : 0;
