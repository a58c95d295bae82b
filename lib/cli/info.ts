import { parseArgs } from 'node:util';
import { type Command, UsageError } from './command.js';
import { engineLine, engineOptions, loadModel } from './model-file.js';
import { printable } from './terminal.js';

const help = `Usage: neocog info MODEL [options]

Shows a model's layers with their output shapes, parameters and multiply-adds, its inputs and outputs, how it wants
its pictures prepared, and the engine that would run it.

Options:
  --backend NAME   native or js (default: native where it runs)
  --help           this text
`;

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: engineOptions });
  if (positionals.length !== 1) throw new UsageError(`expected one model file, got ${positionals.length}`);
  const net = await loadModel(positionals[0], values);

  const ports = (all: typeof net.inputs) =>
    all.map(({ name, shape, dtype }) => `${name} [${shape.join(', ')}] ${dtype}`).join(', ');
  const lines = [
    String(net.summary()),
    '',
    `inputs         ${ports(net.inputs)}`,
    `outputs        ${ports(net.outputs)}`,
    ...(net.labels ? [`labels         ${net.labels.join(', ')}`] : []),
    ...(net.preprocessing ? [`preprocessing  ${JSON.stringify(net.preprocessing)}`] : []),
    `engine         ${engineLine(net.backend)}`,
  ];
  console.log(lines.map((line) => line.split('\n').map(printable).join('\n')).join('\n'));
  return 0;
}

export const info: Command = { summary: "show a model's layers, inputs and outputs", help, run };
