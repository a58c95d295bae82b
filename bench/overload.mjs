// Twice as many requests as the server can answer, at a fixed rate: what is answered, what is refused and how soon, and how
// memory grows.
import { table } from './report.mjs';
import { load, serve, stream } from './serving/run.mjs';
import { binaryRequest } from './serving/subjects.mjs';

export const title = 'Server at 200 % of what it can do';

const suite = ['squeezenet', 'digits'];
const samples = { squeezenet: 1, digits: 32 };

export async function run({ nets = suite, seconds = 60 } = {}) {
  const rows = [];
  for (const model of nets) {
    const { input } = await stream({ model, batchSize: 32, seconds: 0.5 });
    const request = binaryRequest(model, input, samples[model] ?? 1);
    const server = await serve(model, { maxBatchSize: 32, maxQueueSize: 64 });
    try {
      const crowd = { ...request, port: server.port };
      await load({ ...crowd, clients: 32, seconds: 2 });
      const busy = await load({ ...crowd, clients: 32, seconds: 5 });
      const peak = busy.ok.count / busy.seconds;
      const before = await server.memory();
      const half = await load({ ...crowd, clients: 256, rate: peak * 2, seconds: seconds / 2 });
      const middle = await server.memory();
      const rest = await load({ ...crowd, clients: 256, rate: peak * 2, seconds: seconds / 2 });
      const after = await server.memory();
      const answered = half.ok.count + rest.ok.count;
      const sent = answered + half.rejected.count + rest.rejected.count;
      const others = { ...half.others, ...rest.others };
      rows.push([
        model,
        peak,
        sent,
        answered / (half.seconds + rest.seconds) / peak,
        Math.max(half.ok.p99 ?? 0, rest.ok.p99 ?? 0),
        Math.max(half.rejected.p99 ?? 0, rest.rejected.p99 ?? 0),
        Object.keys(others).length > 0 ? JSON.stringify(others) : 'none',
        `${before.toFixed(0)}, ${middle.toFixed(0)}, ${after.toFixed(0)}`,
      ]);
    } finally {
      await server.close();
    }
  }
  const columns = ['model', 'peak requests/s', 'sent', 'answered / peak', 'answer p99 ms', 'refusal p99 ms'];
  return table([...columns, 'neither', 'resident MB: before, middle, after'], rows);
}
