import { parseArgs } from 'node:util';
import { best } from '../images/guesses.js';
import { type ImageModel, imageModel } from '../images/image-model.js';
import { requireSharp } from '../images/picture.js';
import { type Preprocessing, readInput, readPreprocessing } from '../images/preprocess.js';
import type { Model } from '../index.js';
import { type Command, UsageError } from './command.js';
import { describe, widthsFor } from './guesses.js';
import { checkLabels, readLabels } from './labels.js';
import { engineLine, engineOptions, loadModel } from './model-file.js';
import { presetNames, presetOf } from './presets.js';
import { colours, columnsOf, printable, problemOf, progress } from './terminal.js';

/** Models of so many classes show one of them: the others hardly matter. */
const few = 10;

const help = `Usage: neocog predict MODEL FILES... [options]

Names what each picture shows. MODEL is a file saved by neocog, an ONNX file (.onnx) or the model.json of a tfjs
layers-model; FILES are pictures of any format that sharp reads. How a picture becomes the model's input is kept in
files saved by neocog (for a digit network: any size, dark ink on light paper or light ink on dark; the sign is cut
out and centred); for others --preset says it.

Options:
  --top N          classes shown per picture (default: 5; 1 for a model of ${few} classes or fewer, without --json)
  --labels FILE    names of the classes: one per line, or a JSON array
  --preset NAME    how pictures become the input: ${presetNames.join(', ')}
  --json           one line per picture: { file, top: [{ index, label, probability }], ms }, or { file, error }
  --backend NAME   native or js (default: native where it runs)
  --help           this text

ms is the time the network takes, without reading the picture. Exit code: 0 done, 1 a picture failed, 2 wrong usage.
`;

/** Reads, computes, times: one picture. */
async function classify(
  net: Model,
  image: ImageModel,
  file: string,
  how: Preprocessing,
  top: number,
  labels: readonly string[],
) {
  const x = image.input(await readInput(file, how, image.shape));
  const start = performance.now();
  const { data } = net.predictSync(x);
  const ms = performance.now() - start;
  return { top: best(data as Float32Array, top, labels), ms };
}

function options(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...engineOptions,
      top: { type: 'string' },
      labels: { type: 'string' },
      preset: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [path, ...files] = positionals;
  if (path === undefined) throw new UsageError('expected a model file');
  if (files.length === 0) throw new UsageError('expected one or more pictures after the model file');
  const top = values.top === undefined ? undefined : Number(values.top);
  if (top !== undefined && (!Number.isInteger(top) || top < 1)) {
    throw new UsageError(`expected --top to be a positive integer, got ${JSON.stringify(values.top)}`);
  }
  const { json, backend, labels } = values;
  return { path, files, top, json, backend, labels, preprocessing: presetOf(values.preset) };
}

/** The first runs also pack the weights, wake the threads and compile JavaScript: no picture's time should hold that. */
function warmUp(net: Model, { shape: [h, w, c], input }: ImageModel): void {
  const blank = input(new Float32Array(h * w * c));
  const end = performance.now() + 30;
  do net.predictSync(blank);
  while (performance.now() < end);
}

async function run(args: string[]): Promise<number> {
  const given = options(args);
  const { path, files, json, backend, preprocessing } = given;
  const named = given.labels === undefined ? undefined : await readLabels(given.labels);
  const net = await loadModel(path, { backend }, { labels: named, preprocessing });
  const image = imageModel(net);
  if (named) checkLabels(named, image.classes);
  const how = readPreprocessing(net.preprocessing, image.shape);
  const labels = net.labels ?? [];
  const top = given.top ?? (json || (image.classes ?? Infinity) > few ? 5 : 1);
  await requireSharp();

  warmUp(net, image);

  const names = labels.length > 0 ? labels : [String((image.classes ?? 1000) - 1)];
  const widths = widthsFor(columnsOf(process.stdout), files, names);
  const status = progress(files.length);
  let failed = 0;
  let total = 0;
  for (const [i, file] of files.entries()) {
    try {
      const { top: guesses, ms } = await classify(net, image, file, how, top, labels);
      total += ms;
      status.clear();
      console.log(json ? JSON.stringify({ file, top: guesses, ms }) : describe(file, guesses, widths, ms));
    } catch (error) {
      failed++;
      status.clear();
      const message = problemOf(error);
      console.error(`neocog: ${printable(`${file}: ${message}`)}`);
      if (json) console.log(JSON.stringify({ file, error: message }));
    }
    status.draw(i + 1);
  }
  if (!json) {
    const done = files.length - failed;
    const mean = done > 0 ? `, ${(total / done).toFixed(3)} ms each` : '';
    const what = done === 1 ? '1 picture' : `${done} pictures`;
    const guessed = net.preprocessing === undefined ? '; pixels as 0..1 (--preset says otherwise)' : '';
    console.log(colours(process.stdout)('gray', `${what}${mean}, ${engineLine(net.backend)}${guessed}`));
  }
  return failed > 0 ? 1 : 0;
}

export const predict: Command = { summary: 'name what pictures show', help, run };
