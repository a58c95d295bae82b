import { parseArgs } from 'node:util';
import { createWorker } from '../jobs/worker.js';
import { type Command, UsageError } from './command.js';
import { readLabels } from './labels.js';
import { engineLine, engineOptions, loadModel, pictureOptions } from './model-file.js';
import { integerOption } from './numbers.js';
import { presetNames, presetOf } from './presets.js';
import { firstSignal } from './signals.js';
import { printable, problemOf } from './terminal.js';

const help = `Usage: neocog worker --redis URL --queue NAME --model MODEL [options]

Does the jobs of a BullMQ queue with a model, several at once in one batch. A job's data are one of
  { image: path }                  a picture below the folder of --images
  { url: 'https://...' }           a picture at an address that --allow-url-prefix allows, or a file: URL as above
  { tensor: { shape, data } }      numbers, or base64 of little-endian float32 numbers
and its return value is { top: [{ index, label, probability }] } for pictures, { outputs } for tensors.

Options:
  --redis URL             the server that holds the queue, redis://host:port
  --queue NAME            the queue; jobs that failed for good are in NAME-dead as well
  --model MODEL           a model file, as for predict
  --images DIR            the folder that paths are relative to; none outside is read
  --allow-url-prefix URL  addresses that begin like this may be fetched; may be given several times
  --top N                 classes per picture (default: 5)
  --batch N               samples computed at once (default: 32)
  --labels FILE, --preset ${presetNames.join('|')}, --backend native|js: as for predict
  --stalled-after MS      when a job whose worker is gone is taken over (default: 30000)
  --shutdown-timeout MS   how long jobs in hand may take when the worker is told to stop (default: 25000)
  --help                  this text

SIGTERM and SIGINT finish the jobs in hand, take no new ones, and end with 0; what is not done in time is left to others
(exit code 1).
`;

function options(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...engineOptions,
      ...pictureOptions,
      redis: { type: 'string' },
      queue: { type: 'string' },
      model: { type: 'string' },
      images: { type: 'string' },
      'allow-url-prefix': { type: 'string', multiple: true, default: [] },
      top: { type: 'string', default: '5' },
      batch: { type: 'string', default: '32' },
      'stalled-after': { type: 'string', default: '30000' },
      'shutdown-timeout': { type: 'string', default: '25000' },
    },
  });
  if (positionals.length > 0)
    throw new UsageError(`expected options only, got ${JSON.stringify(positionals[0])}`);
  const needed = (name: 'redis' | 'queue' | 'model'): string => {
    const value = values[name];
    if (value === undefined) throw new UsageError(`expected --${name}`);
    return value;
  };
  const positive = (name: 'top' | 'batch' | 'stalled-after' | 'shutdown-timeout') =>
    integerOption(name, values[name], 1) as number;
  return {
    redis: needed('redis'),
    queue: needed('queue'),
    model: needed('model'),
    images: values.images,
    urlPrefixes: values['allow-url-prefix'],
    top: positive('top'),
    batch: positive('batch'),
    stalledMs: positive('stalled-after'),
    shutdownMs: positive('shutdown-timeout'),
    labels: values.labels,
    preprocessing: presetOf(values.preset),
    backend: values.backend,
  };
}

async function run(args: string[]): Promise<number> {
  const { redis, queue, images, urlPrefixes, top, batch, stalledMs, shutdownMs, ...given } = options(args);
  const { preprocessing, backend } = given;
  const labels = await readLabels(given.labels);
  const model = await loadModel(given.model, { backend }, { labels, preprocessing });
  const onError = (error: Error) => console.error(`neocog: ${printable(problemOf(error))}`);
  const worker = await createWorker({
    model,
    redis,
    queue,
    images,
    urlPrefixes,
    top,
    maxBatchSize: batch,
    stalledMs,
    onError,
  });
  const told = firstSignal();
  console.log(`worker of ${printable(queue)}, ${engineLine(model.backend)}`);
  await told;
  const late = setTimeout(() => {
    console.error(`neocog: jobs in hand are not done after ${shutdownMs} ms: they are left to other workers`);
    process.exit(1);
  }, shutdownMs);
  await worker.close();
  clearTimeout(late);
  return 0;
}

export const worker: Command = { summary: 'do the jobs of a queue', help, run };
