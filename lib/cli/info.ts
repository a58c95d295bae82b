import { parseArgs } from 'node:util';
import { portShape } from '../images/image-model.js';
import { type Command, UsageError } from './command.js';
import { engineLine, engineOptions, loadModel } from './model-file.js';
import { column, columnsOf, printable } from './terminal.js';

const help = `Usage: neocog info MODEL [options]

Shows a model's layers or operators with their output shapes, parameters, multiply-adds and the bytes of their results,
its inputs and outputs, how it wants its pictures prepared, and the engine that would run it.

Options:
  --backend NAME   native or js (default: native where it runs)
  --help           this text
`;

/** More labels than these are not listed. */
const fewLabels = 10;
/** The least that is left of a layer's name on a narrow terminal. */
const leastName = 12;

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: engineOptions });
  if (positionals.length !== 1) throw new UsageError(`expected one model file, got ${positionals.length}`);
  const net = await loadModel(positionals[0], values);

  const ports = (all: typeof net.inputs) =>
    all.map((port) => `${port.name} ${portShape(port)} ${port.dtype}`).join(', ');
  const lines = [
    ...fitted(String(net.summary()).split('\n'), columnsOf(process.stdout)),
    '',
    `inputs         ${ports(net.inputs)}`,
    `outputs        ${ports(net.outputs)}`,
    ...(net.labels ? [`labels         ${labelsLine(net.labels)}`] : []),
    ...(net.preprocessing ? [`preprocessing  ${JSON.stringify(net.preprocessing)}`] : []),
    `engine         ${engineLine(net.backend)}`,
  ];
  console.log(lines.map(printable).join('\n'));
  return 0;
}

function labelsLine(labels: readonly string[]): string {
  if (labels.length <= fewLabels) return labels.join(', ');
  return `${labels.length}: ${labels.slice(0, 2).join('; ')}; ... ${labels.at(-1)}`;
}

/** A table's lines with the first column shortened so that they fit: the end of a layer's path tells it apart. */
function fitted(lines: readonly string[], columns: number): readonly string[] {
  const [header = ''] = lines;
  const width = header.indexOf('  output shape');
  const less = Math.min(header.length - columns, width - leastName);
  if (width < 0 || less <= 0) return lines;
  return lines.map((line, i) => {
    // The note below the table wraps by itself.
    if (i === lines.length - 1) return line;
    if (line.startsWith('---')) return line.slice(less);
    return column(line.slice(0, width).trimEnd(), width - less, 'end') + line.slice(width);
  });
}

export const info: Command = { summary: "show a model's layers, inputs and outputs", help, run };
