// Hours in small: 70 % of the best throughput for ten minutes; memory and the slowest percent, minute by minute.
import { table } from './report.mjs';
import { load, serve, stream } from './serving/run.mjs';
import { binaryRequest } from './serving/subjects.mjs';

export const title = 'Server at 70 % load, in ten parts';

/** The slope of a line through (0, values[0]), (1, values[1]), ... by least squares. */
function slope(values) {
  const mean = (values.length - 1) / 2;
  let [above, below] = [0, 0];
  for (const [i, value] of values.entries()) {
    above += (i - mean) * value;
    below += (i - mean) ** 2;
  }
  return above / below;
}

export async function run({ nets = ['squeezenet'], seconds = 600 } = {}) {
  const [model] = nets;
  const parts = 10;
  const { input } = await stream({ model, batchSize: 32, seconds: 0.5 });
  const request = binaryRequest(model, input, 1);
  const server = await serve(model, { maxBatchSize: 32, maxQueueDelayMs: 2 });
  try {
    const crowd = { ...request, port: server.port };
    const busy = await load({ ...crowd, clients: 32, seconds: 5 });
    const rate = (0.7 * busy.ok.count) / busy.seconds;
    const wave = { ...crowd, clients: 128, rate };
    await load({ ...wave, seconds: Math.min(60, seconds / 10) });
    const rows = [];
    for (let part = 1; part <= parts; part++) {
      const { ok, rejected, others } = await load({ ...wave, seconds: seconds / parts });
      const failures = rejected.count + Object.values(others).reduce((a, b) => a + b, 0);
      rows.push([`${part}`, ok.count, failures, ok.p50, ok.p99, ok.max, await server.memory()]);
    }
    const memory = slope(rows.map((row) => row[6])) * parts;
    const p99 = rows.map((row) => row[4]);
    const drift = (slope(p99) * parts) / (p99.reduce((a, b) => a + b) / parts);
    const columns = ['part', 'answers', 'errors', 'p50 ms', 'p99 ms', 'max ms', 'resident MB'];
    return `${table(columns, rows)}\n\n${model}, ${rate.toFixed(0)} requests/s; over the whole time: memory ${memory >= 0 ? '+' : ''}${memory.toFixed(2)} MB, p99 ${(100 * drift).toFixed(1)} %.`;
  } finally {
    await server.close();
  }
}
