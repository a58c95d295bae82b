// What a reader needs beside a figure: the machine, the versions, the command, and tables that paste into a notebook.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { backend } from '../dist/index.js';

const versionOf = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;

function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, {
        encoding: 'utf8',
        cwd: new URL('..', import.meta.url),
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ', changed' : ''}`;
  } catch {
    return 'no git';
  }
}

/** The lines above the tables. */
export function header(names) {
  const { name, isa, threads, reason } = backend();
  return [
    `date: ${new Date().toISOString().slice(0, 10)}`,
    `machine: ${cpus()[0].model.trim()}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, Linux ${release()}`,
    `versions: neocog ${versionOf('../package.json')} (${commit()}; ${name} ${isa}, ${threads} threads${reason ? `: ${reason}` : ''}), ` +
      `Node ${process.versions.node}, onnxruntime-node ${versionOf('node_modules/onnxruntime-node/package.json')}, ` +
      `tfjs ${versionOf('node_modules/@tensorflow/tfjs/package.json')}`,
    `command: npm run bench -- ${names.join(' ')}`,
  ].join('\n');
}

/** Three significant digits, never an exponent; whole numbers as they are. */
export function figure(value) {
  if (typeof value !== 'number') return String(value ?? '');
  if (Number.isInteger(value) || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

/** A markdown table, its columns aligned; numbers to the right. */
export function table(columns, rows) {
  const cells = [columns, ...rows.map((row) => row.map(figure))];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const right = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== 'string'));
  const line = (row) =>
    `| ${row.map((c, i) => (right[i] ? c.padStart(widths[i]) : c.padEnd(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((w, i) => (right[i] ? `${'-'.repeat(w - 1)}:` : '-'.repeat(w))).join(' | ')} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}
