// How long a Node process cannot do anything else while predictions are in flight: the largest gap between two turns of its
// event loop.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { loadOnnx, saveOnnx, tensor, zoo } from '../dist/index.js';
import { noise } from './models.mjs';
import { table } from './report.mjs';

export const title = 'Event loop: the largest gap with 16 predictions in flight';

const inFlight = 16;

/** { took, gap }: milliseconds for all of `calls` together, and the longest between two firings of a 1 ms timer meanwhile. */
async function watch(calls) {
  let last = performance.now();
  let gap = 0;
  let watching = true;
  const look = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    if (watching) setTimeout(look, 1);
  };
  setTimeout(look, 1);
  const start = performance.now();
  await Promise.all(calls.map((call) => call()));
  const took = performance.now() - start;
  watching = false;
  // An engine that kept the loop to itself until the end has left no turn to look in.
  gap = Math.max(gap, performance.now() - last);
  return { took, gap };
}

export async function run({ nets = ['resnet18'], seconds = 5 } = {}) {
  const rows = [];
  const folder = mkdtempSync(join(tmpdir(), 'neocog-loop-'));
  try {
    for (const name of nets) {
      const path = join(folder, 'net.onnx');
      await saveOnnx(zoo[name]({ seed: 1 }), path, { layout: 'nchw' });
      const ours = await loadOnnx(path);
      const theirs = await ort.InferenceSession.create(path, { intraOpNumThreads: 2 });
      const shape = [1, ...ours.inputs[0].shape.slice(1)];
      const data = noise(
        shape.reduce((a, b) => a * b),
        7,
      );
      const x = tensor(data, shape);
      const feeds = { [ours.inputs[0].name]: new ort.Tensor('float32', data, shape) };
      const engines = { neocog: () => ours.predict(x), 'onnxruntime-node': () => theirs.run(feeds) };
      for (const [engine, call] of Object.entries(engines)) {
        await call();
        const seen = [];
        const end = performance.now() + (seconds * 1000) / 2;
        while (performance.now() < end) seen.push(await watch(Array(inFlight).fill(call)));
        const most = Math.max(...seen.map(({ gap }) => gap));
        const took = seen.map((one) => one.took).sort((a, b) => a - b)[seen.length >> 1];
        rows.push([name, engine, seen.length, took, most]);
      }
      await theirs.release();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return table(['net', 'engine', 'rounds', 'median ms of a round', 'largest gap ms'], rows);
}
