import { spawn } from 'node:child_process';
import { Agent, type IncomingMessage, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { digitsFile, main, neocogServe, type Served } from '../support/serving.js';

interface Outcome {
  readonly id: string;
  /** The status of the answer; undefined where there was none. */
  readonly status: number | undefined;
  readonly code: string | undefined;
}

const body = JSON.stringify({
  inputs: [{ name: 'input_1', shape: [1, 28, 28, 1], datatype: 'FP32', data: Array(28 * 28).fill(0.25) }],
});

/** One request for an inference; resolves whatever becomes of it. */
function infer(url: string, agent: Agent, id: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'x-request-id': id };
    const sent = request(`${url}/v2/models/digits/infer`, { method: 'POST', agent, headers });
    const failed = (error: NodeJS.ErrnoException) => resolve({ id, status: undefined, code: error.code });
    sent.on('error', failed);
    sent.on('response', (response: IncomingMessage) => {
      response.on('error', failed);
      response.on('end', () => resolve({ id, status: response.statusCode, code: undefined }));
      response.resume();
    });
    sent.end(body);
  });
}

/** Clients that ask again as soon as they are answered, until nobody listens any more; tells the number of answers. */
async function load(
  url: string,
  clients: number,
  answered: (count: number) => void,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const client = async (name: number) => {
    // Half of them keep their connection.
    const agent = new Agent({ keepAlive: name % 2 === 0, maxSockets: 1 });
    for (let i = 0; ; i++) {
      const outcome = await infer(url, agent, `${name}-${i}`);
      outcomes.push(outcome);
      answered(outcomes.length);
      if (outcome.code === 'ECONNREFUSED') break;
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: clients }, (_, name) => client(name)));
  return outcomes;
}

const linesOf = (served: Served) =>
  served
    .out()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { reqId?: string; status?: number; msg: string });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('neocog serve is told to end', () => {
  test.each([
    ['SIGTERM', '0'],
    ['SIGTERM', '30'],
    ['SIGINT', '5'],
    ['SIGTERM', '3'],
  ] as const)(
    'under load, by %s, with a delay of %s ms: what was accepted is answered',
    async (signal, delay) => {
      const served = await neocogServe([digitsFile, '--name', 'digits', '--delay', delay, '--log']);
      const outcomes = await load(served.url, 16, (count) => {
        if (count === 150) served.child.kill(signal);
      });
      expect(await served.ended).toEqual({ status: 0, signal: null });

      const answered = outcomes.filter(({ status }) => status !== undefined);
      expect(answered.length).toBeGreaterThan(150);
      for (const { status } of answered) expect([200, 503]).toContain(status);

      const logged = linesOf(served).filter(({ reqId }) => reqId !== undefined);
      expect(logged.length).toBe(answered.length);
      expect(logged.filter(({ msg }) => msg !== 'answered')).toEqual([]);
      // Whoever got no answer was never read: no connection, or one that the server had not looked at.
      const seen = new Set(logged.map(({ reqId }) => reqId));
      expect(outcomes.filter(({ id, status }) => status === undefined && seen.has(id))).toEqual([]);
    },
  );

  test('twice: at once, with another exit code', async () => {
    const served = await neocogServe([digitsFile, '--name', 'digits', '--delay', '60000']);
    const agent = new Agent();
    const waiting = infer(served.url, agent, 'a');
    await pause(300);
    served.child.kill('SIGTERM');
    // Not before the first was heard: two at once are one.
    while (!served.err().includes('closing')) await pause(10);
    served.child.kill('SIGTERM');
    expect(await served.ended).toEqual({ status: 1, signal: null });
    expect((await waiting).status).toBeUndefined();
  });

  test('while it starts: it ends', async () => {
    for (const ms of [20, 150, 300, 450]) {
      const child = spawn(process.execPath, [main, 'serve', digitsFile, '--port', '0'], { stdio: 'ignore' });
      const ended = new Promise((resolve) =>
        child.on('close', (status, signal) => resolve(signal ?? status)),
      );
      await pause(ms);
      child.kill('SIGTERM');
      expect(['SIGTERM', 0]).toContain(await ended);
    }
  });
});
