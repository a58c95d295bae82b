import { parseArgs } from 'node:util';
import type { Model } from '../index.js';
import { type Command, UsageError } from './command.js';
import { type ImageModel, imageModel } from './image-model.js';
import { readLabels } from './labels.js';
import { engineLine, engineOptions, loadModel } from './model-file.js';
import { requireSharp } from './picture.js';
import { type Preprocessing, readInput, readPreprocessing } from './preprocess.js';
import { presetNames, presetOf } from './presets.js';
import { bar, colours, column, printable, progress } from './terminal.js';

const help = `Usage: neocog predict MODEL FILES... [options]

Names what each picture shows. MODEL is a file saved by neocog, an ONNX file (.onnx) or the model.json of a tfjs
layers-model; FILES are pictures of any format that sharp reads. How a picture becomes the model's input is kept in
files saved by neocog (for a digit network: any size, dark ink on light paper or light ink on dark; the sign is cut
out and centred); for others --preset says it.

Options:
  --top N          classes shown per picture (default: 1, with --json 5)
  --labels FILE    names of the classes: one per line, or a JSON array
  --preset NAME    how pictures become the input: ${presetNames.join(', ')}
  --json           one line per picture: { file, top: [{ index, label, probability }], ms }, or { file, error }
  --backend NAME   native or js (default: native where it runs)
  --help           this text

ms is the time the network takes, without reading the picture. Exit code: 0 done, 1 a picture failed, 2 wrong usage.
`;

interface Guess {
  readonly index: number;
  readonly label: string;
  readonly probability: number;
}

/** Values that are no probabilities yet (a net that ends without softmax) become some. */
function probabilities(values: Float32Array): Float32Array {
  const sum = values.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) < 1e-3 && values.every((value) => value >= 0)) return values;
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / total);
}

function best(values: Float32Array, count: number, labels: readonly string[]): Guess[] {
  const shares = probabilities(values);
  const order = Array.from(shares.keys()).sort((a, b) => shares[b] - shares[a] || a - b);
  return order
    .slice(0, count)
    .map((index) => ({ index, label: labels[index] ?? String(index), probability: shares[index] }));
}

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
  const top = Number(values.top ?? (values.json ? 5 : 1));
  if (!Number.isInteger(top) || top < 1) {
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

/** The lines of one picture on a terminal: its name, the guesses with their bars, the time. */
function describe(
  file: string,
  width: number,
  guesses: readonly Guess[],
  labelWidth: number,
  ms: number,
): string {
  const paint = colours(process.stdout);
  return guesses
    .map(({ label, probability }, i) => {
      const colour = probability >= 0.9 ? 'green' : probability >= 0.5 ? 'yellow' : 'red';
      const percent = `${(100 * probability).toFixed(2)} %`.padStart(8);
      const shown = paint('bold', column(printable(label), labelWidth));
      const head = i === 0 ? column(printable(file), width) : ' '.repeat(width);
      const tail = i === 0 ? paint('gray', `${ms.toFixed(ms < 10 ? 3 : 1).padStart(8)} ms`) : '';
      return `${head}  ${shown}  ${paint(colour, bar(probability, 20))} ${percent} ${tail}`.trimEnd();
    })
    .join('\n');
}

async function run(args: string[]): Promise<number> {
  const { path, files, top, json, backend, labels: labelFile, preprocessing } = options(args);
  const given = labelFile === undefined ? undefined : await readLabels(labelFile);
  const net = await loadModel(path, { backend }, { labels: given, preprocessing });
  const image = imageModel(net);
  const how = readPreprocessing(net.preprocessing, image.shape);
  const labels = net.labels ?? [];
  await requireSharp();

  warmUp(net, image);

  const width = Math.min(40, Math.max(...files.map((file) => printable(file).length)));
  const longestLabel = labels.reduce((most, label) => Math.max(most, printable(label).length), 1);
  const labelWidth = Math.min(
    30,
    Math.max(longestLabel, labels.length > 0 ? 1 : String((image.classes ?? 1000) - 1).length),
  );
  const status = progress(files.length);
  let failed = 0;
  let total = 0;
  for (const [i, file] of files.entries()) {
    try {
      const { top: guesses, ms } = await classify(net, image, file, how, top, labels);
      total += ms;
      status.clear();
      console.log(
        json ? JSON.stringify({ file, top: guesses, ms }) : describe(file, width, guesses, labelWidth, ms),
      );
    } catch (error) {
      failed++;
      status.clear();
      const message = (error as Error).message;
      console.error(`neocog: ${printable(`${file}: ${message}`)}`);
      if (json) console.log(JSON.stringify({ file, error: message }));
    }
    status.draw(i + 1);
  }
  if (!json) {
    const done = files.length - failed;
    const mean = done > 0 ? `, ${(total / done).toFixed(3)} ms each` : '';
    const what = done === 1 ? '1 picture' : `${done} pictures`;
    console.log(colours(process.stdout)('gray', `${what}${mean}, ${engineLine(net.backend)}`));
  }
  return failed > 0 ? 1 : 0;
}

export const predict: Command = { summary: 'name what pictures show', help, run };
