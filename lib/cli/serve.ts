import { parse } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesOfText, bytesRule } from '../serve/memory.js';
import { createServer } from '../serve/server.js';
import type { ServerOptions } from '../serve/server-options.js';
import { type Command, UsageError } from './command.js';
import { readLabels } from './labels.js';
import { engineLine, engineOptions, loadModel, pictureOptions } from './model-file.js';
import { integerOption } from './numbers.js';
import { presetNames, presetOf } from './presets.js';
import { firstSignal, onFirstSignal } from './signals.js';
import { printable } from './terminal.js';

const help = `Usage: neocog serve MODEL... [options]

Answers requests over HTTP with the Open Inference Protocol v2 (/v2/...), names what pictures show
(/v2/models/NAME/classify), tells Prometheus its figures (/metrics), and has a page to try it all (/).

Options:
  --name NAME      what a model is called: once for each MODEL, in their order (default: the file's name)
  --port N         0 finds a free one (default: 8000)
  --host HOST      which address to listen on (default: 127.0.0.1; 0.0.0.0 for all)
  --max-batch N    most samples computed at once (default: 32)
  --delay MS       how long a request waits for others to share its batch (default: 0)
  --queue N        most requests that wait; more are answered 503 (default: 256)
  --timeout MS     how long a request may wait for its turn; longer is answered 504 (default: no limit)
  --memory-budget N  most bytes for weights, bodies, pictures and inputs together, as 512M or 2G; more is answered 503
                   (default: NEOCOG_MEMORY_BUDGET, or no limit)
  --threads N      of each model (default: the cores this process may use)
  --labels FILE    names of the classes, for all models: one per line, or a JSON array
  --preset NAME    how pictures become the input, for all models: ${presetNames.join(', ')}
  --no-page        leaves the page out
  --log            one line of JSON for each request, on standard output
  --backend NAME   native or js (default: native where it runs)
  --help           this text

SIGTERM and SIGINT end it: /v2/health/ready answers 503, what was accepted is answered, then it exits with 0; with 1
where that takes longer than 10 seconds. A second signal ends it at once.
`;

function options(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...engineOptions,
      ...pictureOptions,
      name: { type: 'string', multiple: true, default: [] },
      port: { type: 'string' },
      host: { type: 'string' },
      'max-batch': { type: 'string' },
      delay: { type: 'string' },
      queue: { type: 'string' },
      timeout: { type: 'string' },
      'memory-budget': { type: 'string' },
      threads: { type: 'string' },
      'no-page': { type: 'boolean', default: false },
      log: { type: 'boolean', default: false },
    },
  });
  if (positionals.length === 0) throw new UsageError('expected a model file, or several');
  if (values.name.length > positionals.length) {
    throw new UsageError(`expected at most one --name for each model, got ${values.name.length}`);
  }
  const names = positionals.map((path, i) => values.name[i] ?? parse(path).name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError(
      `expected models of different names, got ${JSON.stringify(twice)} twice; see --name`,
    );
  }
  return { values, models: positionals.map((path, i) => ({ path, name: names[i] })) };
}

function budgetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = bytesOfText(text);
  if (bytes !== undefined) return bytes;
  throw new UsageError(`expected --memory-budget to be ${bytesRule}, got ${JSON.stringify(text)}`);
}

async function run(args: string[]): Promise<number> {
  const { values, models } = options(args);
  const threads = integerOption('threads', values.threads, 1);
  const given = {
    port: integerOption('port', values.port, 0) ?? 8000,
    host: values.host,
    maxBatchSize: integerOption('max-batch', values['max-batch'], 1),
    maxQueueDelayMs: integerOption('delay', values.delay, 0),
    maxQueueSize: integerOption('queue', values.queue, 1),
    timeoutMs: integerOption('timeout', values.timeout, 1),
    memoryBudget: budgetOf(values['memory-budget']),
    page: !values['no-page'],
    logger: values.log,
  } satisfies Partial<ServerOptions>;
  const preprocessing = presetOf(values.preset);
  const labels = await readLabels(values.labels);

  const loaded: [string, ServerOptions['models'][string]][] = [];
  for (const { path, name } of models) {
    const net = await loadModel(path, { backend: values.backend, threads }, { labels, preprocessing });
    console.error(printable(`neocog: ${name}: ${path}, ${engineLine(net.backend)}`));
    loaded.push([name, net]);
  }
  const server = await createServer({ ...given, models: Object.fromEntries(loaded) });
  console.error(`neocog: listening on ${server.url}`);
  const signal = await firstSignal();
  // Whoever asks again does not want to wait.
  onFirstSignal(() => process.exit(1));
  console.error(`neocog: ${signal}: closing`);
  await server.close();
  return 0;
}

export const serve: Command = { summary: 'answer requests over HTTP', help, run };
