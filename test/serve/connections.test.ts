import { connect, type Socket } from 'node:net';
import { layers, load, type Model, sequential } from 'neocog';
import { createServer, type Server } from 'neocog/serve';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { digitsFile, raw } from '../support/serving.js';

let net: Model;
let server: Server;

beforeAll(async () => {
  net = await load(digitsFile);
  server = await createServer({
    port: 0,
    models: { digits: net },
    headersTimeoutMs: 400,
    requestTimeoutMs: 800,
    page: false,
  });
});

afterAll(() => server.close());

const alive = async () => expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
const head = 'POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

async function open(count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(server.port, '127.0.0.1', () => resolve(socket));
          socket.on('error', reject);
        }),
    ),
  );
}

describe('who is slow is not waited for', () => {
  test('a head that does not end: 408', async () => {
    expect(await raw(server.port, head)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a body that does not end: 408', async () => {
    expect(await raw(server.port, `${head}Content-Length: 100\r\n\r\n{"inputs`)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a body in pieces that do not end: 408', async () => {
    const answer = await raw(server.port, `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"inp\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});

test('who does not read is cut off, and who reads slowly is not', async () => {
  const wide = sequential({ layers: [layers.dense({ inputShape: [1], units: 4e6 })] });
  const patient = await createServer({ port: 0, models: { wide }, requestTimeoutMs: 300, page: false });
  const question = 'POST /v2/models/wide/infer HTTP/1.1\r\nHost: a\r\n';
  const ask = async (answers: number) => {
    const socket = connect(patient.port, '127.0.0.1');
    socket.on('error', () => {});
    const one = Buffer.from(
      `${question}Inference-Header-Content-Length: 0\r\nContent-Length: 4\r\n\r\n\0\0\0\0`,
    );
    for (let i = 0; i < answers; i++) socket.write(one);
    return socket;
  };
  const deaf = (await ask(3)).pause();
  const slow = (await ask(1)).pause();
  const closed: string[] = [];
  // 16 MB in ten parts, over three times as long as anybody may be deaf.
  let bytes = 0;
  slow.on('data', (part) => {
    const parts = Math.floor(bytes / 1.6e6);
    bytes += part.length;
    if (Math.floor(bytes / 1.6e6) === parts) return;
    slow.pause();
    setTimeout(() => slow.resume(), 100);
  });
  slow.on('close', () => closed.push('slow'));
  slow.resume();
  await vi.waitFor(() => expect(bytes).toBeGreaterThan(16e6), { timeout: 5000 });
  expect(closed).toEqual([]);
  const reset = new Promise<void>((resolve) => deaf.once('close', () => resolve()));
  deaf.resume();
  await reset;
  expect(deaf.bytesRead).toBeLessThan(16e6);
  slow.destroy();
  await patient.close();
});

describe('heads that are too much', () => {
  test('10 MB in one field: 431, and the rest is not read', async () => {
    const before = process.memoryUsage().rss;
    const answer = await raw(server.port, `${head}X-Long: ${'a'.repeat(10e6)}\r\n\r\n`);
    expect(answer).toMatch(/^(HTTP\/1\.1 431 |$)/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    await alive();
  });

  test('100,000 fields: 431', async () => {
    expect(await raw(server.port, `${head}${'a: b\r\n'.repeat(100_000)}\r\n`)).toMatch(
      /^(HTTP\/1\.1 431 |$)/,
    );
    await alive();
  });

  test('no HTTP at all: 400', async () => {
    expect(await raw(server.port, '\x16\x03\x01\x00\xa5 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('many connections', () => {
  test('idle ones do not keep others from their answers', async () => {
    const idle = await open(400);
    await alive();
    for (const socket of idle) socket.destroy();
  });

  test('that come and go at once leave nothing behind', async () => {
    for (let round = 0; round < 10; round++) {
      for (const socket of await open(100)) socket.destroy();
    }
    await alive();
  });

  test('with several requests at once are answered in order', async () => {
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    const requests = [get('/v2/health/live'), get('/v2/nothing'), get('/v2', 'Connection: close\r\n')];
    const answers = await raw(server.port, requests.join(''));
    expect(Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
    ]);
  });

  test('whose clients leave in the middle are forgotten', async () => {
    for (const socket of await open(50)) {
      socket.write(`${head}Content-Length: 100\r\n\r\n{"inp`, () => socket.destroy());
    }
    await alive();
  });
});

test('close does not wait longer than it may, and says what it cut off', async () => {
  const other = await createServer({ port: 0, models: { digits: net }, shutdownTimeoutMs: 300, page: false });
  const unfinished = raw(other.port, `${head}Content-Length: 100\r\n\r\n{"inp`);
  while ((await fetch(`${other.url}/v2/health/live`)).status !== 200) {}
  await expect(other.close()).rejects.toMatchObject({
    code: 'ERR_DEADLINE',
    message: expect.stringMatching(/cut off 1 request/),
  });
  expect(await unfinished).toBe('');
});

test('close does not wait for connections that ask nothing', async () => {
  const limits = { shutdownTimeoutMs: 600_000, headersTimeoutMs: 600_000, requestTimeoutMs: 600_000 };
  const other = await createServer({ port: 0, models: { digits: net }, ...limits, page: false });
  // One that says nothing, as browsers open them in advance, and one that was answered and kept.
  const silent = raw(other.port, '', 600_000);
  const kept = raw(other.port, 'GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n', 600_000);
  expect((await fetch(`${other.url}/v2`)).status).toBe(200);
  await other.close();
  expect(await silent).toBe('');
  expect(await kept).toMatch(/^HTTP\/1\.1 200 /);
});
