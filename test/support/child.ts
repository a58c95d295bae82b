import { spawn } from 'node:child_process';

export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly flags?: readonly string[];
  readonly timeout?: number;
}

/** The environment of a test's child: nothing of ours chooses its engine. */
export function cleanEnvironment(more: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(NEOCOG_|VITEST|NODE_OPTIONS|PREBUILDS_ONLY|npm_)/.test(name),
  );
  return { ...Object.fromEntries(own), ...more };
}

/** Runs a program to its end; never throws for what it answers. */
export function run(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: cleanEnvironment(options.env ?? {}),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? 60_000,
      killSignal: 'SIGKILL',
    });
    const chunks: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        chunks[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, ...chunks }));
  });
}

/** Runs a module given as text, with the package `neocog` of `cwd` in reach. */
export function runModule(code: string, options: ChildOptions = {}): Promise<Ended> {
  const args = [...(options.flags ?? []), '--input-type=module', '--eval', code];
  return run(process.execPath, args, options);
}
