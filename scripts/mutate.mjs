#!/usr/bin/env node
// Feeds damaged model files to the readers: node scripts/mutate.mjs [copies of each model = 2000] [a cut every n bytes = 1] [first seed = 1].
// Every one must load or be refused with a ModelFileError, within a second and twice its size (and 16 MiB) of memory.
// The models are those of the shared folder (NEOCOG_TEST_DATA) and our own; `npm run build` comes first.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fieldsOf, headerEnd, mutant, truncations } from './mutations.mjs';
import { root } from './tools.mjs';

const [count = 2000, step = 1, firstSeed = 1] = process.argv.slice(2).map(Number);
const { readOnnx } = await import(`${root}/dist/formats/onnx/read.js`);
const { failing } = await import(`${root}/dist/formats/safetensors.js`);
const { load, loadTfjs } = await import(`${root}/dist/index.js`);

const shared = resolve(root, process.env.NEOCOG_TEST_DATA ?? '../shared', 'models');
const onnx = (bytes) => readOnnx(bytes, failing('readOnnx', 'mutant'));
const tfjs = `${shared}/tfjs-mnist`;
const shards = [1, 2, 3, 4, 5, 6].map((group) => readFileSync(`${tfjs}/group${group}-shard1of1`));
const weightData = new Uint8Array(Buffer.concat(shards));
const models = [
  ...['digits', 'mnist', 'super_resolution', 'squeezenet1.1'].map((name) => ({
    path: `${shared}/${name}.onnx`,
    kind: 'onnx',
    read: onnx,
  })),
  { path: `${root}/models/digits.safetensors`, kind: 'safetensors', read: load },
  {
    path: `${tfjs}/model.json`,
    kind: 'json',
    read: (bytes) => loadTfjs(bytes, { weightData }),
    extra: weightData.length,
  },
];

let worst = { ms: 0, what: '' };
let [loaded, refused, wrong] = [0, 0, 0];

async function feed(read, bytes, what, extra = 0) {
  const before = process.memoryUsage();
  const start = performance.now();
  try {
    await read(bytes);
    loaded++;
  } catch (error) {
    if (error.code === 'ERR_MODEL_FILE') refused++;
    else report(what, error.stack);
  }
  const ms = performance.now() - start;
  const after = process.memoryUsage();
  if (ms > worst.ms) worst = { ms, what };
  if (ms > 1000) report(what, `${ms.toFixed()} ms`);
  const taken = after.arrayBuffers - before.arrayBuffers;
  if (taken > 2 * (bytes.length + extra) + 2 ** 24) report(what, `${taken} bytes of memory`);
}

function report(what, problem) {
  wrong++;
  console.log(`${what}: ${problem}`);
}

for (const { path, kind, read, extra } of models) {
  const bytes = new Uint8Array(readFileSync(path));
  await feed(read, bytes.slice(), path, extra);
  const borders =
    kind === 'onnx' ? fieldsOf(bytes).flatMap(({ begin, end }) => [begin, end]) : [headerEnd(bytes)];
  for (const length of truncations(bytes.length, borders, step)) {
    await feed(read, bytes.subarray(0, length), `${path} cut at ${length}`, extra);
  }
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    await feed(read, mutant(bytes, kind, seed), `${path} seed ${seed}`, extra);
  }
  console.log(`${path}: so far ${loaded} loaded, ${refused} refused, ${wrong} wrong`);
}
console.log(`longest: ${worst.ms.toFixed(1)} ms, ${worst.what}`);
process.exitCode = wrong > 0 ? 1 : 0;
