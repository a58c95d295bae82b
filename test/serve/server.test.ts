import { readFileSync } from 'node:fs';
import { load, type Model, tensor } from 'neocog';
import { createServer, type Server } from 'neocog/serve';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digitsFile, two } from '../support/serving.js';

let net: Model;
let server: Server;
const x = Float32Array.from({ length: 28 * 28 }, (_, i) => ((i * 37) % 101) / 101);

beforeAll(async () => {
  net = await load(digitsFile);
  server = await createServer({ port: 0, models: { digits: net } });
});

afterAll(() => server.close());

const infer = (url: string, data = x, batch = 1) =>
  fetch(`${url}/v2/models/digits/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'a',
      inputs: [
        { name: net.inputs[0]?.name, shape: [batch, 28, 28, 1], datatype: 'FP32', data: Array.from(data) },
      ],
    }),
  });

describe('a server, end to end', () => {
  test('tells where it is', () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.port).toBeGreaterThan(0);
  });

  test('is alive and ready', async () => {
    for (const path of ['/v2/health/live', '/v2/health/ready', '/v2', '/v2/models/digits']) {
      expect((await fetch(server.url + path)).status, path).toBe(200);
    }
  });

  test('answers what the model answers', async () => {
    const response = await infer(server.url);
    expect(response.status).toBe(200);
    const { id, outputs } = await response.json();
    const expected = await net.predict(tensor(x, [1, 28, 28, 1]));
    expect(id).toBe('a');
    expect(Float32Array.from(outputs[0].data)).toEqual(expected.data);
    expect(outputs[0].shape).toEqual([1, 10]);
  });

  test('what is not there is 404 with an error, for every method', async () => {
    for (const path of [
      '/nothing',
      '/v2/nothing',
      '/v2/models/nobody',
      '/page/../package.json',
      '/%2e%2e/package.json',
    ]) {
      const response = await fetch(server.url + path);
      expect(response.status, path).toBe(404);
      expect(typeof (await response.json()).error).toBe('string');
    }
    expect((await fetch(`${server.url}/nothing`, { method: 'DELETE' })).status).toBe(404);
  });

  test('gives each request an id, or keeps the one it has', async () => {
    const own = await fetch(`${server.url}/v2`);
    expect(own.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    const kept = await fetch(`${server.url}/v2`, { headers: { 'x-request-id': 'trace-7' } });
    expect(kept.headers.get('x-request-id')).toBe('trace-7');
    const odd = await fetch(`${server.url}/v2`, { headers: { 'x-request-id': 'a b{"' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  test('a body over the limit: 413', async () => {
    const small = await createServer({ port: 0, models: { digits: net }, maxBodyBytes: 1000, page: false });
    try {
      const response = await infer(small.url);
      expect(response.status).toBe(413);
      expect(typeof (await response.json()).error).toBe('string');
    } finally {
      await small.close();
    }
  });
});

describe('the page', () => {
  test('has nothing from elsewhere and forbids it', async () => {
    const response = await fetch(`${server.url}/`);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const html = await response.text();
    const links = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, link]) => link as string);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      expect(link).toMatch(/^page\//);
      expect((await fetch(`${server.url}/${link}`)).status, link).toBe(200);
    }
  });

  test('is sent once: afterwards it is known', async () => {
    const first = await fetch(`${server.url}/page/page.js`);
    const etag = first.headers.get('etag') as string;
    const again = await fetch(`${server.url}/page/page.js`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  test('knows the models that name what pictures show', async () => {
    const models = await (await fetch(`${server.url}/page/models.json`)).json();
    expect(models).toEqual([{ name: 'digits', version: '1', kind: 'digit' }]);
  });

  test('is left out with page: false', async () => {
    const bare = await createServer({ port: 0, models: { digits: net }, page: false, metrics: false });
    try {
      for (const path of ['/', '/page/page.js', '/page/models.json', '/metrics']) {
        expect((await fetch(bare.url + path)).status, path).toBe(404);
      }
    } finally {
      await bare.close();
    }
  });
});

describe('closing', () => {
  test('is done once, however often it is asked for', async () => {
    const other = await createServer({ port: 0, models: { digits: net } });
    expect((await infer(other.url)).status).toBe(200);
    await Promise.all([other.close(), other.close()]);
    await other.close();
    await expect(fetch(`${other.url}/v2`)).rejects.toThrow();
  });

  test('what waits in the queue is answered, new work meanwhile, readiness is off', async () => {
    const other = await createServer({ port: 0, models: { digits: net }, maxQueueDelayMs: 200 });
    const waiting = infer(other.url);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = other.close();
    const ready = await fetch(`${other.url}/v2/health/ready`);
    expect(ready.status).toBe(503);
    expect(ready.headers.get('connection')).toBe('close');
    expect((await waiting).status).toBe(200);
    await closed;
  });
});

describe('options are checked', () => {
  test.each([
    [{}, /models/],
    [{ models: {}, port: 70000 }, /createServer: expected port to be an integer from 0 to 65535, got 70000/],
    [{ models: {}, host: '' }, /expected host/],
    [{ models: {}, requestTimeoutMs: 0 }, /expected requestTimeoutMs to be a positive integer, got 0/],
    [{ models: {}, maxBodyBytes: -1 }, /maxBodyBytes/],
    [{ models: {}, page: 'no' }, /page to be true or false, got "no"/],
    [{ models: {}, logger: 7 }, /logger/],
    [{ models: {}, prot: 1 }, /unknown option "prot"/],
    [{ models: { a: 1 } }, /./],
  ])('%j', async (options, message) => {
    await expect(createServer(options as never)).rejects.toThrow(message);
    await expect(createServer(options as never)).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  test('those of the queues as well', async () => {
    const models = { digits: net };
    await expect(createServer({ models, port: 0, maxBatchSize: 0 })).rejects.toThrow(/maxBatchSize/);
    await expect(createServer({ models, port: 0, maxQueueDelayMs: -1 })).rejects.toThrow(/maxQueueDelayMs/);
  });

  test('a port that is taken is said so', async () => {
    await expect(createServer({ port: server.port, models: { digits: net } })).rejects.toThrow(/EADDRINUSE/);
  });
});

test('pictures and numbers share batches', async () => {
  const picture = () =>
    fetch(`${server.url}/v2/models/digits/classify`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: readFileSync(two),
    });
  const answers = await Promise.all([picture(), infer(server.url), picture(), infer(server.url)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});
