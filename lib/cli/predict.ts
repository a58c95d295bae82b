import { parseArgs } from 'node:util';
import { OptionError } from '../errors.js';
import { classifier } from '../images/classifier.js';
import { requireSharp } from '../images/picture.js';
import { countFiles } from '../jobs/files.js';
import { type Command, UsageError } from './command.js';
import { checkLabels, readLabels } from './labels.js';
import { engineOptions, loadModel, pictureOptions } from './model-file.js';
import { integerOption } from './numbers.js';
import { predictJob } from './predict-job.js';
import { few, showPredictions } from './predict-shown.js';
import { presetNames, presetOf } from './presets.js';

const help = `Usage: neocog predict MODEL FILES... [options]

Names what each picture shows. MODEL is a file saved by neocog, an ONNX file (.onnx) or the model.json of a tfjs
layers-model; FILES are pictures of any format that sharp reads, or quoted patterns: 'photos/**/*.{jpg,png}'. How a
picture becomes the model's input is kept in files saved by neocog (for a digit network: any size, dark ink on light
paper or light ink on dark; the sign is cut out and centred); for others --preset says it.

Options:
  --top N          classes shown per picture (default: 5; 1 for a model of ${few} classes or fewer, shown on a terminal)
  --labels FILE    names of the classes: one per line, or a JSON array
  --preset NAME    how pictures become the input: ${presetNames.join(', ')}
  --json           one line per picture: { file, top: [{ index, label, probability }], ms }, or { file, error }
  --backend NAME   native or js (default: native where it runs)
  --help           this text

For many pictures:
  --out FILE       write those lines, without ms, to FILE, in the order of the pictures; FILE.job keeps what the job was
  --batch N        pictures computed at once, with --out (default: 32)
  --resume         continue FILE after an interruption, or begin it
  --force          overwrite FILE

ms is the time the network takes, without reading the picture. Exit code: 0 done, 1 a picture failed, 2 wrong usage,
130 interrupted.
`;

function options(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...engineOptions,
      ...pictureOptions,
      top: { type: 'string' },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
      batch: { type: 'string' },
      resume: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
    },
  });
  const [path, ...patterns] = positionals;
  if (path === undefined) throw new UsageError('expected a model file');
  if (patterns.length === 0) throw new UsageError('expected one or more pictures after the model file');
  const { out, json, resume, force } = values;
  if (out === undefined) {
    const alone = (['batch', 'resume', 'force'] as const).find((name) => values[name]);
    if (alone !== undefined) throw new UsageError(`expected --out FILE with --${alone}`);
  } else {
    if (json) throw new UsageError('expected --json or --out FILE, which has the same lines, got both');
    if (resume && force) throw new UsageError('expected --resume or --force, got both');
    if (out === '') throw new UsageError('expected --out to be the name of a file, got ""');
  }
  return {
    path,
    patterns,
    out,
    json,
    resume,
    force,
    top: integerOption('top', values.top, 1),
    batch: integerOption('batch', values.batch, 1) ?? 32,
    labels: values.labels,
    backend: values.backend,
    preprocessing: presetOf(values.preset),
  };
}

/** How many files there are in all; throws a UsageError for a pattern that finds none. */
async function count(patterns: readonly string[]): Promise<number> {
  const counts = await countFiles(patterns).catch((error: unknown) => {
    throw error instanceof OptionError ? new UsageError(error.message) : error;
  });
  const none = counts.indexOf(0);
  if (none >= 0) throw new UsageError(`expected pictures, and ${JSON.stringify(patterns[none])} finds none`);
  return counts.reduce((a, b) => a + b);
}

async function run(args: string[]): Promise<number> {
  const { path, patterns, labels, backend, preprocessing, out, top, ...how } = options(args);
  const total = await count(patterns);
  const named = await readLabels(labels);
  const net = await loadModel(path, { backend }, { labels: named, preprocessing });
  const ready = classifier(net);
  await requireSharp();
  if (named) checkLabels(named, ready.image.classes);
  if (out === undefined) return showPredictions(ready, { patterns, total, top, json: how.json });
  return predictJob(ready, { patterns, total, top: top ?? 5, out, ...how });
}

export const predict: Command = { summary: 'name what pictures show', help, run };
