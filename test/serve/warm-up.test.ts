import fastify from 'fastify';
import { layers, type Model, sequential } from 'neocog';
import { createServer, createWorker, neocogPlugin, service } from 'neocog/serve';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runModule } from '../support/child.js';
import { root } from '../support/paths.js';

const dense = (): Model => sequential({ layers: [layers.dense({ inputShape: [512], units: 512 })] });

/** A model that fails when it is run. */
function broken(): Model {
  const net = dense();
  net[Symbol.dispose]();
  return net;
}

async function serverOf(options: object) {
  const server = await createServer({ port: 0, models: { net: dense() }, ...options });
  onTestFinished(() => server.close());
  return server;
}

test('the weights are packed and sharp is loaded before the server listens, unless warmUp is false', async () => {
  const child = await runModule(
    `
    import { createRequire } from 'node:module';
    import { layers, load, sequential, tensor } from 'neocog';
    import { createServer } from 'neocog/serve';
    const sharp = () => Object.keys(createRequire(process.cwd() + '/').cache).some((file) => /sharp/.test(file));
    const packed = 2048 * 4096 * 4;
    for (const options of [{ warmUp: false }, {}]) {
      const net = sequential({ layers: [layers.dense({ inputShape: [2048], units: 4096 })] });
      const digits = await load('models/digits.safetensors');
      const server = await createServer({ port: 0, models: { net, digits }, ...options });
      const before = process.memoryUsage().external;
      await net.predict(tensor(new Float32Array(2048), [2048]));
      console.log(Math.round((process.memoryUsage().external - before) / packed), sharp());
      await server.close();
    }
    `,
    { cwd: root, env: { NEOCOG_BACKEND: undefined } },
  );
  expect(child).toMatchObject({ stdout: '1 false\n0 true\n', stderr: '' });
});

describe('a model that fails on zeros', () => {
  test('keeps a server, a plugin and a worker from starting, and says what leaves that out', async () => {
    const models = { good: dense(), bad: broken() };
    const message =
      /"bad", version 1: its first run, on zeros, failed: .*disposed; warmUp: false leaves it out/;
    await expect(createServer({ port: 0, models })).rejects.toThrow(message);
    const app = fastify();
    await expect(app.register(neocogPlugin, { models })).rejects.toThrow(message);
    await expect(service({ models }).warmUp()).rejects.toThrow(message);
    const worker = { model: broken(), redis: 'redis://127.0.0.1:1', queue: 'q' };
    await expect(createWorker(worker)).rejects.toThrow(/disposed/);
  });

  test('is served with warmUp: false', async () => {
    const { url } = await serverOf({ models: { bad: broken() }, warmUp: false });
    expect((await fetch(`${url}/v2/models/bad/ready`)).status).toBe(200);
  });
});

describe('a model that is added later', () => {
  test('takes the place of the earlier version when it is warm', async () => {
    const { service, url } = await serverOf({});
    const { repository } = service;
    const added = repository.add('net', { versions: { 2: dense() } });
    expect(repository.find('net')).toMatchObject({ version: '1', ready: true });
    expect(repository.find('net', '2')).toMatchObject({ version: '2', ready: false });
    await added;
    expect(repository.find('net')).toMatchObject({ version: '2', ready: true });
    expect((await fetch(`${url}/v2/models/net/versions/2/ready`)).status).toBe(200);
  });

  test('is gone where its first run fails', async () => {
    const { service } = await serverOf({});
    await expect(service.repository.add('net', { versions: { 2: broken() } })).rejects.toThrow(/version 2/);
    expect(service.repository.versions('net')).toEqual(['1']);
  });
});
