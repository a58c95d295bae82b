// The server over HTTP with binary tensors: throughput with and without batching beside predictStream alone, and latency at a
// fixed arrival rate. Client and server share the cores.
import { table } from './report.mjs';
import { load, serve, stream } from './serving/run.mjs';
import { binaryRequest } from './serving/subjects.mjs';

export const title = 'Server: throughput by clients, with batching and without, and latency at 70 % load';

const subjects = [
  { model: 'squeezenet', samples: [1] },
  { model: 'digits', samples: [1, 32] },
];
const batchSize = 32;
const crowds = [1, 8, 64];
const settings = { batching: { maxBatchSize: batchSize }, 'one by one': { maxBatchSize: 1 } };

/** Requests per second of a crowd that always waits for its answers. */
async function throughput(model, options, request, clients, seconds) {
  const server = await serve(model, options);
  try {
    await load({ ...request, port: server.port, clients, seconds: 1 });
    const { ok, others, seconds: took } = await load({ ...request, port: server.port, clients, seconds });
    if (Object.keys(others).length > 0) throw new Error(`${model}: ${JSON.stringify(others)}`);
    return { rate: ok.count / took, p50: ok.p50, p99: ok.p99 };
  } finally {
    await server.close();
  }
}

async function latency(model, request, peak, seconds) {
  const delay = 2;
  const server = await serve(model, { maxBatchSize: batchSize, maxQueueDelayMs: delay });
  try {
    const wave = { ...request, port: server.port, clients: 256 };
    await load({ ...wave, rate: peak * 0.5, seconds: 1 });
    const { ok, rejected, others } = await load({ ...wave, rate: peak * 0.7, seconds });
    return [peak * 0.7, delay, ok.count, ok.p50, ok.p99, ok.max, rejected.count + Object.keys(others).length];
  } finally {
    await server.close();
  }
}

export async function run({ nets, seconds = 5 } = {}) {
  const rows = [];
  const waits = [];
  for (const { model, samples } of subjects.filter(({ model: name }) => nets?.includes(name) ?? true)) {
    const alone = await stream({ model, batchSize, seconds });
    rows.push([model, 'predictStream alone', '', '', alone.rate, 1, '', '']);
    for (const count of samples) {
      const request = binaryRequest(model, alone.input, count);
      let peak = 0;
      for (const clients of crowds) {
        for (const [name, options] of Object.entries(settings)) {
          if (count > options.maxBatchSize) continue;
          const { rate, p50, p99 } = await throughput(model, options, request, clients, seconds);
          if (name === 'batching') peak = Math.max(peak, rate);
          const perSecond = rate * count;
          rows.push([model, name, `${count}`, `${clients}`, perSecond, perSecond / alone.rate, p50, p99]);
        }
      }
      waits.push([model, `${count}`, ...(await latency(model, request, peak, seconds * 2))]);
    }
  }
  const head = ['model', 'how', 'samples per request', 'clients', 'samples/s', 'of predictStream'];
  const open = ['model', 'samples per request', 'requests/s', 'delay ms', 'answers'];
  return [
    table([...head, 'p50 ms', 'p99 ms'], rows),
    '\nRequests at a fixed rate, 70 % of the best throughput; latencies count from the time a request was due.\n',
    table([...open, 'p50 ms', 'p99 ms', 'max ms', 'refused'], waits),
  ].join('\n');
}
