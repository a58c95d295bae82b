import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { cleanEnvironment } from './child.js';
import { root } from './paths.js';

export const digitsFile = join(root, 'models', 'digits.safetensors');
export const main = join(root, 'dist', 'cli', 'main.js');
export const two = join(root, 'examples', 'digits', '2.png');

export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null }>;
}

/** `neocog serve` as a child, once it listens on a port of its own. */
export async function neocogServe(args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [main, 'serve', ...args, '--port', '0'], {
    env: cleanEnvironment({}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      const [, found] = /listening on (\S+)/.exec(err) ?? [];
      if (found !== undefined) resolve(found);
    });
    ended.then(({ status }) => reject(new Error(`neocog serve ended with ${status}: ${err}`)));
  });
  return { url, child, out: () => out, err: () => err, ended };
}

/** Writes `bytes` to a server and gives what came back until it closed the connection, or until `ms` were over. */
export function raw(port: number, bytes: string | Uint8Array, ms = 10_000): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => {
      got += '\n(still open)';
      socket.destroy();
    }, ms);
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text;
    });
    // A server that closes while much is still on its way resets the connection; what it answered before counts.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(got);
    });
  });
}
