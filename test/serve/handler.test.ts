import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { handler, service } from 'neocog/serve';
import { describe, expect, test, vi } from 'vitest';
import { listen } from '../support/http.js';
import { binaryBody, binaryInput, jsonInput } from '../support/inference.js';
import { randomTensor, slowNet, smallNet } from '../support/nets.js';

const x = randomTensor([1, 5, 5, 2]);
const question = { inputs: [jsonInput('input_1', x)] };
const path = '/v2/models/small/infer';
const json = { 'content-type': 'application/json' };

describe('bodies', () => {
  const limited = () => listen(handler({ models: { small: smallNet() } }, { maxBodyBytes: 2000 }));

  test('packed by gzip or deflate', async () => {
    const { post } = await limited();
    const plain = (await post(path, question)).json();
    const text = JSON.stringify(question);
    for (const [encoding, body] of [
      ['gzip', gzipSync(text)],
      ['GZIP', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['identity', text],
    ] as const) {
      const answer = await post(path, body, { ...json, 'content-encoding': encoding });
      expect(answer.json()).toEqual(plain);
    }
    const unknown = await post(path, text, { ...json, 'content-encoding': 'br' });
    expect([unknown.status, unknown.headers['accept-encoding'], unknown.json()]).toEqual([
      415,
      'gzip, deflate',
      { error: 'expected the content encoding gzip, deflate or none, got "br"' },
    ]);
    const damaged = await post(path, gzipSync(text).subarray(0, 50), { ...json, 'content-encoding': 'gzip' });
    expect([damaged.status, damaged.json().error]).toEqual([
      400,
      'the body is no valid gzip: unexpected end of file',
    ]);
  });

  test('large ones are whole for others who read the request too', async () => {
    const answer = handler({ models: { small: smallNet() } });
    const heard: Buffer[] = [];
    const { post } = await listen((request, response) => {
      request.on('data', (piece) => heard.push(piece));
      answer(request, response);
    });
    const id = 'x'.repeat(300_000);
    const sent = JSON.stringify({ id, ...question });
    expect((await post(path, sent, json)).json().id).toBe(id);
    expect(Buffer.concat(heard).toString() === sent).toBe(true);
  });

  test('memory that served one body shows nothing of it in the next', async () => {
    const net = smallNet();
    const { post } = await listen(handler({ models: { small: net } }));
    const octets = { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' };
    const raw = (samples: Float32Array) => post(path, new Uint8Array(samples.buffer), octets);
    for (const value of [1, -1, 0.5]) {
      const sample = new Float32Array(50).fill(value);
      const { body } = await raw(sample);
      const { data } = net.predictSync({ shape: [5, 5, 2], dtype: 'float32', data: sample });
      expect(body.subarray(-data.byteLength)).toEqual(Buffer.from(data.buffer));
    }
    // Shorter than the last: what lies behind it in memory is no part of it.
    expect((await raw(new Float32Array(49))).status).toBe(400);
  });

  test('too large: as declared, in chunks without an end, or when it is unpacked', async () => {
    const { post, raw } = await limited();
    const tooLarge = { error: 'expected a body of at most 2000 bytes' };
    const declared = await post(path, ' '.repeat(2001), json);
    expect([declared.status, declared.json()]).toEqual([413, tooLarge]);
    // The connection goes on: what was too much is read and dropped.
    const pipelined = await raw(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${' '.repeat(100_000)}GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n`,
      /"live"/,
    );
    expect(pipelined).toMatch(/^HTTP\/1.1 413 [\s\S]*HTTP\/1.1 200 [\s\S]*{"live":true}/);
    const chunk = `400\r\n${' '.repeat(1024)}\r\n`;
    const endless = await raw(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`,
      /at most 2000 bytes/,
    );
    expect(endless).toMatch(/^HTTP\/1.1 413 /);
    const bomb = await post(path, gzipSync(Buffer.alloc(1e6)), { ...json, 'content-encoding': 'gzip' });
    expect([bomb.status, bomb.json()]).toEqual([
      413,
      { error: 'expected a body of at most 2000 bytes when it is unpacked' },
    ]);
    expect((await post(path, question)).status).toBe(200);
  });

  test('in chunks of any size', async () => {
    const { port, post } = await listen(handler({ models: { small: smallNet() } }));
    const big = { inputs: [jsonInput('input_1', randomTensor([32, 5, 5, 2]))], id: 'x'.repeat(200_000) };
    const whole = await post(path, big);
    const text = JSON.stringify(big);
    const answer = await new Promise<string>((resolve, reject) => {
      const call = request({ port, host: '127.0.0.1', method: 'POST', path, headers: json }, (response) => {
        let seen = '';
        response.on('data', (part) => {
          seen += part;
        });
        response.on('end', () => resolve(seen));
      });
      call.on('error', reject);
      for (let i = 0; i < text.length; i += 9973) call.write(text.slice(i, i + 9973));
      call.end();
    });
    expect(answer).toBe(whole.body.toString());
  });

  test('too slow: the server ends them, and answers the others', async () => {
    const times = { requestTimeout: 200, headersTimeout: 100, connectionsCheckingInterval: 20 };
    const { raw, post } = await listen(handler({ models: { small: smallNet() } }), times);
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n`;
    const slow = [
      raw(head),
      raw(`${head}Content-Length: 9\r\n\r\n{`),
      raw(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{`),
    ];
    expect((await post(path, question)).status).toBe(200);
    for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect((await post(path, question)).status).toBe(200);
  });

  test('shorter or longer than they say', async () => {
    const { raw, get } = await limited();
    const text = JSON.stringify(question);
    const post = (length: number): string =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${text}`;
    expect(await raw(post(text.length - 10))).toMatch(/^HTTP\/1.1 400 /);
    // The rest is waited for, until the client goes away.
    const waiting = raw(post(text.length + 10), /./);
    expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))])).toBe(
      'nothing',
    );
    expect((await get('/v2/health/live')).status).toBe(200);
  });
});

/** What Express does with `app.use(prefix, handler)`: the prefix leaves `url`, and the rest is up to the next. */
const mounted =
  (
    prefix: string,
    inner: ReturnType<typeof handler>,
    before?: (request: IncomingMessage) => Promise<unknown>,
  ) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const next = (): void => void response.writeHead(418).end('next');
    if (!request.url?.startsWith(prefix)) return next();
    request.url = request.url.slice(prefix.length) || '/';
    if (before) Object.assign(request, { body: await before(request) });
    inner(request, response, next);
  };
const readAll = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};

describe('mounted', () => {
  test('below a prefix, with what is not of the protocol passed on', async () => {
    const { get, post } = await listen(mounted('/ml', handler({ models: { small: smallNet() } })));
    expect((await get('/ml/v2/health/live')).json()).toEqual({ live: true });
    expect((await post(`/ml${path}`, question)).status).toBe(200);
    expect((await get('/ml/v2/models/nobody')).status).toBe(404);
    for (const other of ['/ml', '/ml/', '/ml/v22', '/ml/page']) expect((await get(other)).status).toBe(418);
  });

  test('behind what has read the body: bytes are taken, anything else is an error of the server', async () => {
    const core = service({ models: { small: smallNet() } });
    const bytes = await listen(mounted('', handler(core), readAll));
    expect((await bytes.post(path, question)).status).toBe(200);
    const parsed = await listen(
      mounted('', handler(core), async (request) => JSON.parse(String(await readAll(request)))),
    );
    const answer = await parsed.post(path, question);
    expect([answer.status, answer.json()]).toEqual([500, { error: 'internal error' }]);
  });

  test('an answer that the host has begun meanwhile stays the only one, and the process lives', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const inner = handler({ models: { small: smallNet() }, maxQueueDelayMs: 30 });
    const { post } = await listen((request, response) => {
      inner(request, response);
      response.writeHead(503).write('too ');
      setTimeout(() => response.end('late'), 100);
    });
    const answer = await post(path, question);
    expect([answer.status, answer.body.toString()]).toEqual([503, 'too late']);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('a service is one, however many handlers it has; options are checked', async () => {
    const core = service({ models: { small: smallNet() } });
    expect(handler(core).service).toBe(core);
    expect(() => handler(core, { maxBodyBytes: 0 })).toThrow(
      /expected maxBodyBytes to be a positive integer, got 0/,
    );
    expect(() => handler(core, { limit: 1 } as never)).toThrow(/unknown option "limit"/);
  });
});

describe('clients that go away', () => {
  const asked = randomTensor([1, 16, 16, 1]);
  const { body, headers } = binaryBody({ inputs: [binaryInput('input_1', asked)] }, [asked]);

  /** Sends a request, or a part of it, and does not wait. */
  const begin = (port: number, part = body): { leave(): void } => {
    const all = { ...headers, 'content-length': body.length };
    const call = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v2/models/net/infer',
      headers: all,
    });
    call.on('error', () => {});
    call.write(part);
    return { leave: () => call.destroy() };
  };

  test('before the queue, in the queue and in a batch: the next one has the place', async () => {
    const net = slowNet();
    const listener = handler({ models: { net }, maxBatchSize: 1, maxQueueSize: 1 });
    const { port, post } = await listen(listener);
    const queue = listener.service.repository.find('net')?.batcher;
    const infer = () => post('/v2/models/net/infer', body, headers);
    const wanted = net.predictSync(asked).data;

    const half = begin(port, body.subarray(0, body.length / 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    half.leave();
    // The engine may have two runs in hand: of three requests one waits at least.
    const crowd = [begin(port), begin(port), begin(port)];
    await vi.waitFor(() => expect(queue?.waiting).toBe(1), { interval: 1 });
    for (const one of crowd) one.leave();
    await vi.waitFor(() => expect(queue?.waiting).toBe(0), { interval: 1 });
    const answers = [await infer(), await infer()];
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(Float32Array.from(answer.json().outputs[0].data)).toEqual(wanted);
    }
    // The one that waited and those that ran.
    const { cancelled, success } = queue?.statistics() ?? {};
    expect(cancelled).toBeGreaterThanOrEqual(2);
    expect(success?.count).toBe(2);
    await listener.service.close();
  });

  test('while what comes before took its time: nothing is computed', async () => {
    const inner = handler({ models: { net: slowNet() } });
    const { port } = await listen(
      mounted('', inner, async (call) => {
        const whole = await readAll(call);
        await once(call.socket, 'close');
        return whole;
      }),
    );
    const client = begin(port);
    setTimeout(client.leave, 50);
    const queue = inner.service.repository.find('net')?.batcher;
    await vi.waitFor(() => expect(queue?.statistics().cancelled).toBe(1));
    expect(queue?.statistics().executionCount).toBe(0);
    await inner.service.close();
  });
});
