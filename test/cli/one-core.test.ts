import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cleanEnvironment } from '../support/child.js';
import { digitsFile, main, two } from '../support/serving.js';

const taskset = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** What `neocog serve` says when it starts, and what it answers to 40 pictures at once. */
async function serving(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [program, ...args] = [...command, process.execPath, main, 'serve', digitsFile, '--port', '0'];
  const child = spawn(program as string, args, {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, found] = /listening on (\S+)/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => reject(new Error(said)));
  });
  const body = readFileSync(two);
  const ask = async (): Promise<string> => {
    const answer = await fetch(`${url}/v2/models/digits/classify?top=1`, { method: 'POST', body });
    return (await answer.json()).top[0].label;
  };
  const labels = await Promise.all(Array.from({ length: 40 }, ask));
  return { said, labels: [...new Set(labels)] };
}

describe('neocog serve computes with as many threads as it may', () => {
  test.skipIf(!taskset)('on one core', async () => {
    expect(await serving(['taskset', '-c', '0'])).toEqual({
      said: expect.stringMatching(/, (1 thread$|js)/m),
      labels: ['2'],
    });
  });

  test.each([
    ['1', '1 thread'],
    ['3', '3 threads'],
  ])('with NEOCOG_THREADS=%s', async (NEOCOG_THREADS, threads) => {
    const { said, labels } = await serving([], { NEOCOG_THREADS });
    if (!said.includes(', js')) expect(said).toContain(`, ${threads}\n`);
    expect(labels).toEqual(['2']);
  });
});
