// What it takes to load a network from an ONNX file, in fresh processes: time, and resident memory after ten predictions.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { saveOnnx, zoo } from '../dist/neocog.js';
import { table } from './report.mjs';

export const title =
  'ResNet-50 from an ONNX file, batch 1: loading, first prediction, resident memory after ten';

const rounds = 7;
const entry = pathToFileURL(fileURLToPath(new URL('../dist/neocog.js', import.meta.url))).href;
const rival = pathToFileURL(fileURLToPath(new URL('load.mjs', import.meta.url))).href;

/** Both loaders as programs that print [load ms, first prediction ms, MB]. */
const programs = {
  neocog: (path) => `
    const { loadOnnx, tensor } = await import(${JSON.stringify(entry)});
    const x = tensor(new Float32Array(3 * 224 * 224).fill(0.5), [1, 3, 224, 224]);
    const start = performance.now();
    const net = await loadOnnx(${JSON.stringify(path)});
    const loaded = performance.now();
    const predict = () => net.predict(x);`,
  'onnxruntime-node': (path) => `
    const { createRequire } = await import('node:module');
    const { InferenceSession, Tensor } = createRequire(${JSON.stringify(rival)})('onnxruntime-node');
    const x = new Tensor('float32', new Float32Array(3 * 224 * 224).fill(0.5), [1, 3, 224, 224]);
    const start = performance.now();
    const net = await InferenceSession.create(${JSON.stringify(path)});
    const loaded = performance.now();
    const predict = () => net.run({ [net.inputNames[0]]: x });`,
};

const tail = `
    await predict();
    const first = performance.now();
    for (let i = 0; i < 9; i++) await predict();
    console.log(JSON.stringify([loaded - start, first - loaded, process.memoryUsage.rss() / 1e6]));`;

function measure(name, path) {
  const script = programs[name](path) + tail;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(out);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-bench-'));
  try {
    const path = join(folder, 'resnet50.onnx');
    await saveOnnx(zoo.resnet50(), path, { layout: 'nchw' });
    const names = Object.keys(programs);
    const results = new Map(names.map((name) => [name, []]));
    for (let i = 0; i < rounds; i++) for (const name of names) results.get(name).push(measure(name, path));
    const rows = names.map((name) => {
      const column = (i) => results.get(name).map((row) => row[i]);
      const [load, first, memory] = [0, 1, 2].map(column);
      return [name, Math.min(...load), median(load), median(first), median(memory), Math.max(...memory)];
    });
    return table(
      ['loader', 'load min ms', 'median ms', 'first prediction ms', 'resident MB', 'most MB'],
      rows,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
