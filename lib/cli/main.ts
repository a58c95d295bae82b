#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { packageRoot } from '../root.js';
import { type Command, isUsageError } from './command.js';
import { convert } from './convert.js';
import { info } from './info.js';
import { predict } from './predict.js';
import { serve } from './serve.js';
import { printable, problemOf } from './terminal.js';
import { worker } from './worker.js';

const commands = new Map<string, Command>(Object.entries({ predict, info, convert, serve, worker }));

const help = `Usage: neocog COMMAND [arguments]

Commands:
${Array.from(commands, ([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`).join('\n')}

neocog COMMAND --help tells more. neocog --version prints the version.
NEOCOG_BACKEND, NEOCOG_ISA and NEOCOG_THREADS in the environment choose the engine.
`;

function version(): string {
  return JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8')).version;
}

function wrongUsage(message: string, hint: string): number {
  console.error(`neocog: ${printable(message)}\nTry: ${hint}`);
  return 2;
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(help);
    return 0;
  }
  if (name === '--version') {
    console.log(version());
    return 0;
  }
  const command = commands.get(name ?? '');
  if (command === undefined) {
    return wrongUsage(
      name === undefined ? 'expected a command' : `no such command: ${name}`,
      'neocog --help',
    );
  }
  // What follows -- is a file name, even if it looks like an option.
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  if (before.includes('--help') || before.includes('-h')) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (isUsageError(error)) return wrongUsage(`${name}: ${error.message}`, `neocog ${name} --help`);
    console.error(`neocog: ${printable(problemOf(error))}`);
    return 1;
  }
}

// A reader that has seen enough (neocog ... | head -1) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

process.exitCode = await main(process.argv.slice(2));
