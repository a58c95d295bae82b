// What it takes to load a network from an ONNX file, in fresh processes: time, and resident memory after ten predictions.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { saveOnnx, zoo } from '../dist/neocog.js';
import { table } from './report.mjs';

export const title =
  'Networks from ONNX files, batch 1: loading, first prediction, resident memory after ten, in fresh processes';

const suite = ['resnet50'];
const rounds = 5;
const entry = pathToFileURL(fileURLToPath(new URL('../dist/neocog.js', import.meta.url))).href;
const rival = pathToFileURL(fileURLToPath(new URL('load.mjs', import.meta.url))).href;

const neocog =
  (options) =>
  (path, { threads }) =>
    `
    const { loadOnnx, tensor } = await import(${JSON.stringify(entry)});
    const start = performance.now();
    const net = await loadOnnx(${JSON.stringify(path)}, ${JSON.stringify({ ...options, threads })});
    const loaded = performance.now();
    const shape = [1, ...net.inputs[0].shape.slice(1)];
    const x = tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5), shape);
    const predict = () => net.predict(x);`;

/** Each loader as a program that prints [load ms, first prediction ms, MB]. */
const programs = {
  neocog: neocog({}),
  'neocog lowMemory': neocog({ lowMemory: true }),
  'onnxruntime-node': (path, { threads, shape }) => `
    const { createRequire } = await import('node:module');
    const { InferenceSession, Tensor } = createRequire(${JSON.stringify(rival)})('onnxruntime-node');
    const shape = ${JSON.stringify(shape)};
    const x = new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5), shape);
    const start = performance.now();
    const net = await InferenceSession.create(${JSON.stringify(path)}, { intraOpNumThreads: ${threads} });
    const loaded = performance.now();
    const predict = () => net.run({ [net.inputNames[0]]: x });`,
};

const tail = `
    await predict();
    const first = performance.now();
    for (let i = 0; i < 9; i++) await predict();
    console.log(JSON.stringify([loaded - start, first - loaded, process.memoryUsage.rss() / 1e6]));`;

function measure(name, path, facts) {
  const script = programs[name](path, facts) + tail;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(out);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** `nets` are architectures of the zoo, `threads` those of each engine. */
export async function run({ nets = suite, threads = 2 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-bench-'));
  try {
    const path = join(folder, 'net.onnx');
    const rows = [];
    for (const net of nets) {
      const made = zoo[net]({ seed: 1 });
      await saveOnnx(made, path, { layout: 'nchw' });
      const [height, width, channels] = made.inputs[0].shape;
      const facts = { threads, shape: [1, channels, height, width] };
      made[Symbol.dispose]();
      const names = Object.keys(programs);
      const results = new Map(names.map((name) => [name, []]));
      for (let i = 0; i < rounds; i++) {
        for (const name of names) results.get(name).push(measure(name, path, facts));
      }
      for (const name of names) {
        const column = (i) => results.get(name).map((row) => row[i]);
        const [load, first, memory] = [0, 1, 2].map(column);
        rows.push([
          net,
          name,
          Math.min(...load),
          median(load),
          median(first),
          median(memory),
          Math.max(...memory),
        ]);
      }
    }
    return table(
      ['net', 'loader', 'load min ms', 'median ms', 'first prediction ms', 'resident MB', 'most MB'],
      rows,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
