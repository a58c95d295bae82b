import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { load, type Model } from 'neocog';
import { neocogPlugin, service } from 'neocog/serve';
import { beforeAll, expect, test, vi } from 'vitest';
import { digitsFile, two } from '../support/serving.js';

let net: Model;

beforeAll(async () => {
  net = await load(digitsFile);
});

const picture = () => ({
  method: 'POST' as const,
  headers: { 'content-type': 'image/png' },
  payload: readFileSync(two),
});

test('it lies below a prefix, beside routes of the host, whose parsers stay', async () => {
  const app = fastify();
  app.post('/echo', async (request) => request.body);
  await app.register(neocogPlugin, { prefix: '/ml', models: { digits: net } });
  const got = await app.inject({ ...picture(), url: '/ml/v2/models/digits/classify?top=1' });
  expect(got.json().top[0].label).toBe('2');
  expect((await app.inject('/ml/')).headers['content-type']).toMatch(/html/);
  expect((await app.inject('/ml/metrics')).body).toContain(
    'neocog_request_seconds_count{model="digits",version="1"} 1',
  );
  expect((await app.inject('/v2')).statusCode).toBe(404);
  expect((await app.inject({ method: 'POST', url: '/echo', payload: { a: 1 } })).json()).toEqual({ a: 1 });
  await app.close();
});

test('closing the host closes the service', async () => {
  const core = service({ models: { digits: net } });
  const app = fastify();
  await app.register(neocogPlugin, { service: core, page: false, metrics: false });
  expect((await app.inject('/v2/health/ready')).statusCode).toBe(200);
  await app.close();
  expect(core.ready).toBe(false);
});

test.each(['onRequest', 'preHandler', 'preParsing', 'preValidation'] as const)(
  'a hook of the host that rejects (%s) is a 500 that tells nothing, and the next request is answered',
  async (name) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const lines: string[] = [];
    const app = fastify({ logger: { stream: { write: (line: string) => lines.push(line) } } });
    let failing = true;
    app.addHook(name as 'onRequest', async () => {
      if (failing) throw new Error('the password is 1234');
    });
    await app.register(neocogPlugin, { models: { digits: net }, page: false, metrics: false });
    const refused = await app.inject({ ...picture(), url: '/v2/models/digits/classify' });
    expect(refused.statusCode).toBe(500);
    expect(refused.json()).toEqual({ error: 'internal error' });
    expect(lines.join('')).toContain('the password is 1234');
    failing = false;
    expect((await app.inject({ ...picture(), url: '/v2/models/digits/classify' })).statusCode).toBe(200);
    await app.close();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  },
);

test('a client that leaves while a hook of the host takes its time: nothing is computed', async () => {
  const core = service({ models: { digits: net } });
  const app = fastify();
  let ended = 0;
  app.addHook('preHandler', async (request) => {
    await new Promise((resolve) => request.raw.socket.once('close', resolve));
    ended++;
  });
  await app.register(neocogPlugin, { service: core, page: false, metrics: false });
  await app.listen({ port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const headers = { 'inference-header-content-length': 0 };
  const call = request({ port, path: '/v2/models/digits/infer', method: 'POST', headers });
  call.on('error', () => {});
  call.end(new Uint8Array(28 * 28 * 4));
  setTimeout(() => call.destroy(), 50);
  await vi.waitFor(() => expect(ended).toBe(1));
  await app.close();
  expect(core.repository.find('digits')?.batcher.statistics().success.count).toBe(0);
});

test('a hook that rejects while an answer is sent is a 500 as well, once', async () => {
  const app = fastify();
  let failing = true;
  app.addHook('onSend', async () => {
    if (failing) throw new Error('no');
  });
  await app.register(neocogPlugin, { models: { digits: net }, page: false, metrics: false });
  expect((await app.inject({ ...picture(), url: '/v2/models/digits/classify' })).statusCode).toBe(500);
  failing = false;
  expect((await app.inject({ ...picture(), url: '/v2/models/digits/classify' })).statusCode).toBe(200);
  await app.close();
});

test('a hook after the answer that rejects costs nobody anything', async () => {
  const app = fastify();
  app.addHook('onResponse', async () => {
    throw new Error('late');
  });
  await app.register(neocogPlugin, { models: { digits: net }, page: false });
  for (let i = 0; i < 3; i++) {
    expect((await app.inject({ ...picture(), url: '/v2/models/digits/classify' })).statusCode).toBe(200);
  }
  await app.close();
});
