import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from '../support/child.js';
import { digitsFile, main, neocogServe, two } from '../support/serving.js';

const serve = (...args: string[]) => run(process.execPath, [main, 'serve', ...args]);

describe('wrong usage: exit code 2 and what is wrong', () => {
  test.each([
    [[], /expected a model file, or several/],
    [[digitsFile, '--memory-budget', '5T'], /expected --memory-budget to be a number of bytes.* got "5T"/],
    [[digitsFile, '--port', 'x'], /expected --port to be an integer of at least 0, got "x"/],
    [[digitsFile, '--max-batch', '0'], /--max-batch/],
    [[digitsFile, '--threads', '0'], /--threads/],
    [[digitsFile, digitsFile], /different names, got "digits" twice; see --name/],
    [[digitsFile, '--name', 'a', '--name', 'b'], /at most one --name for each model, got 2/],
    [[digitsFile, '--prot', '1'], /--prot/],
    [[digitsFile, '--backend', 'gpu'], /--backend/],
  ])('%j', async (args, message) => {
    const { status, stderr } = await serve(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});

test('a model or a port that is not to be had: exit code 1', async () => {
  const absent = await serve('nothing.onnx');
  expect(absent.stderr).toMatch(/nothing\.onnx.*could not be read/);
  expect(absent.status).toBe(1);
  const port = await serve(digitsFile, '--port', '99999');
  expect(port.stderr).toMatch(/port/);
  expect(port.status).toBe(1);
});

test('two models by their names, without the page, a line for each request', async () => {
  const served = await neocogServe([
    digitsFile,
    digitsFile,
    '--name',
    'a',
    '--name',
    'b',
    '--no-page',
    '--log',
    '--threads',
    '1',
  ]);
  expect((await fetch(served.url)).status).toBe(404);
  for (const name of ['a', 'b']) {
    const response = await fetch(`${served.url}/v2/models/${name}/classify?top=1`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', 'x-request-id': `of-${name}` },
      body: readFileSync(two),
    });
    expect((await response.json()).top[0].label).toBe('2');
  }
  served.child.kill('SIGTERM');
  expect(await served.ended).toEqual({ status: 0, signal: null });
  const lines = served
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ reqId }) => reqId === 'of-a')).toEqual([
    expect.objectContaining({
      method: 'POST',
      url: '/v2/models/a/classify?top=1',
      status: 200,
      ms: expect.any(Number),
    }),
  ]);
});
