import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { classesOf } from '../images/image-model.js';
import { saveOnnx } from '../index.js';
import { type Command, UsageError } from './command.js';
import { checkLabels, readLabels } from './labels.js';
import { loadModel, pictureOptions } from './model-file.js';
import { presetNames, presetOf } from './presets.js';
import { printable } from './terminal.js';

const help = `Usage: neocog convert IN OUT [options]

Writes a model in another format, chosen by the endings of the names:
  .onnx          ONNX, for any runtime of that format
  .safetensors   neocog's own file: weights, architecture, preprocessing and labels in one
IN may also be the model.json of a tfjs layers-model, its shards beside it.

Options:
  --labels FILE    names of the classes, kept in OUT: one per line, or a JSON array
  --preset NAME    how pictures become the input, kept in OUT: ${presetNames.join(', ')}
  --help           this text
`;

const formats = ['.onnx', '.safetensors'];

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: pictureOptions,
  });
  const [from, to] = positionals;
  if (from === undefined || to === undefined || positionals.length !== 2) {
    throw new UsageError(`expected the names of two files, IN and OUT, got ${positionals.length}`);
  }
  const format = extname(to).toLowerCase();
  if (!formats.includes(format)) {
    throw new UsageError(`expected OUT to end in ${formats.join(' or ')}, got ${JSON.stringify(to)}`);
  }
  const preprocessing = presetOf(values.preset);
  const labels = await readLabels(values.labels);
  const net = await loadModel(from, {}, { labels, preprocessing });
  if (labels) checkLabels(labels, classesOf(net));
  if (format === '.onnx') await saveOnnx(net, to);
  else await net.save(to);
  console.log(printable(`${from} -> ${to}`));
  return 0;
}

export const convert: Command = { summary: 'write a model in another format', help, run };
