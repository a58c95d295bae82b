// Where the time of a network goes: its steps beside the limits of the machine, the slowest first.
import { zoo } from '../dist/index.js';
import { addon } from './engine.mjs';
import { table } from './report.mjs';

export const title = 'Steps of the networks: share of the FMA peak and of the memory bandwidth';

const suite = ['squeezenet', 'mobilenetV1', 'mobilenetV2', 'resnet18', 'resnet50', 'vgg16'];
const most = 25;

/** GB/s that one thread reads and writes when it copies more than the caches hold. */
function bandwidth() {
  const from = new Float32Array(2 ** 26).fill(1);
  const to = new Float32Array(from.length);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    to.set(from);
    best = Math.min(best, performance.now() - start);
  }
  return (2 * from.byteLength) / best / 1e6;
}

const percent = (part) => (part > 0 ? `${(100 * part).toFixed(1)} %` : '');

function rowsOf({ steps, ms }, peak, memory) {
  const slowest = [...steps].sort((a, b) => b.ms - a.ms);
  return slowest.slice(0, most).map(({ name, op, ms: time, macs, bytes }) => {
    const rate = (2 * macs) / time / 1e6;
    const touched = bytes / time / 1e6;
    const work = macs > 0 ? [rate, percent(rate / peak)] : ['', ''];
    return [name, op, time, percent(time / ms), ...work, touched, percent(touched / memory)];
  });
}

export async function run({ nets, threads = 1, batch = 1, isa } = {}) {
  const memory = bandwidth();
  const parts = [`Bandwidth of one thread that copies: ${memory.toFixed(1)} GB/s.`];
  for (const name of nets ?? suite) {
    const net = zoo[name]({ seed: 1, threads, isa });
    const { shape, name: input } = net.inputs[0];
    const x = new Float32Array(batch * shape.reduce((a, b) => a * b, 1)).fill(0.5);
    const profile = net.profile({ [input]: { shape: [batch, ...shape], dtype: 'float32', data: x } });
    const peak = threads * addon().peak(net.backend.isa, 200);
    const columns = ['step', 'op', 'ms', 'share', 'GFLOP/s', 'of peak', 'GB/s', 'of bandwidth'];
    parts.push(
      `### ${name}, threads ${threads}, batch ${batch}: ${profile.ms.toFixed(2)} ms; peak ${peak.toFixed(0)} GFLOP/s`,
      table(columns, rowsOf(profile, peak, memory)),
    );
    net[Symbol.dispose]();
  }
  return parts.join('\n\n');
}
