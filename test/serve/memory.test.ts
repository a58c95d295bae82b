import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { layers, load, type Model, sequential, tensor } from 'neocog';
import { BudgetError, handler, service } from 'neocog/serve';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listen } from '../support/http.js';
import { digitsFile, two } from '../support/serving.js';

const length = 2 ** 16;
const sampleBytes = 4 * length;
const net = (): Model => sequential({ layers: [layers.dense({ inputShape: [length], units: 1 })] });
const raw = { 'content-type': 'application/octet-stream', 'inference-header-content-length': 0 };
const sample = Buffer.alloc(sampleBytes);
const infer = '/v2/models/net/infer';

/** A server with room for the weights and `free` bytes more. */
async function limited(free: number, options: object = {}) {
  const weights = service({ models: { net: net() }, memoryBudget: 2 ** 30 }).memory.used;
  const listener = handler({ models: { net: net() }, memoryBudget: weights + free, ...options });
  const { memory } = listener.service;
  expect(memory.used).toBe(weights);
  const client = await listen(listener);
  const settled = () => expect.poll(() => memory.used).toBe(weights);
  return { ...client, memory, weights, settled };
}

/** A request whose body begins and does not end. */
async function halfSent(port: number, headers: readonly string[]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const head = [`POST ${infer} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', ''].join('\r\n');
  socket.write(head);
  socket.write(sample.subarray(0, 1000));
  return socket;
}

const rawHead = [
  'content-type: application/octet-stream',
  'inference-header-content-length: 0',
  `content-length: ${sampleBytes}`,
];

describe('a full budget', () => {
  test('refuses with 503 by the length that a request declares, and recovers', async () => {
    const { port, send, memory, weights, settled } = await limited(2.5 * sampleBytes);
    const first = await halfSent(port, rawHead);
    await expect.poll(() => memory.used).toBe(weights + sampleBytes);
    const second = await halfSent(port, rawHead);
    await expect.poll(() => memory.used).toBe(weights + 2 * sampleBytes);

    const refused = await send('POST', infer, { headers: raw, body: sample });
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json().error).toMatch(
      new RegExp(
        `^the body: ${sampleBytes} bytes more would go over the memory budget of ${memory.budget} bytes`,
      ),
    );

    // Gone, and gone after it was complete: both give back what they had.
    first.destroy();
    await expect.poll(() => memory.used).toBe(weights + sampleBytes);
    second.write(sample.subarray(1000));
    await new Promise((resolve) => second.once('close', resolve).resume());
    await settled();
    expect((await send('POST', infer, { headers: raw, body: sample })).status).toBe(200);
    await settled();
  });

  test('refuses bodies in chunks, and packed ones, when they grow too large', async () => {
    const { send, settled } = await limited(8 * sampleBytes);
    const chunked = { ...raw, 'transfer-encoding': 'chunked' };
    expect((await send('POST', infer, { headers: chunked, body: sample })).status).toBe(200);
    const large = Buffer.alloc(16 * sampleBytes);
    const answer = await send('POST', infer, { headers: chunked, body: large });
    expect([answer.status, answer.json().error]).toEqual([503, expect.stringMatching(/memory budget/)]);
    const packed = { ...raw, 'content-encoding': 'gzip' };
    expect((await send('POST', infer, { headers: packed, body: gzipSync(sample) })).status).toBe(200);
    expect((await send('POST', infer, { headers: packed, body: gzipSync(large) })).status).toBe(503);
    await settled();
  });

  test('refuses JSON that would grow too large when it is parsed', async () => {
    const { send, settled } = await limited(3 * sampleBytes);
    const body = {
      inputs: [{ name: 'input_1', shape: [1, length], datatype: 'FP32', data: Array(length).fill(0) }],
    };
    expect((await send('POST', infer, { body })).status).toBe(200);
    const longer = { ...body, id: 'x'.repeat(length) };
    expect((await send('POST', infer, { body: { ...longer, more: ' '.repeat(4 * length) } })).status).toBe(
      503,
    );
    await settled();
  });

  test('counts the inputs that wait, and gives them back when their clients go', async () => {
    const { memory, weights, settled, send, port } = await limited(2.5 * sampleBytes, {
      maxQueueDelayMs: 60_000,
    });
    const waiting = await halfSent(port, rawHead);
    waiting.write(sample.subarray(1000));
    // The body itself waits for its batch.
    await expect.poll(() => memory.used).toBe(weights + sampleBytes);
    const another = await halfSent(port, rawHead);
    another.write(sample.subarray(1000));
    await expect.poll(() => memory.used).toBe(weights + 2 * sampleBytes);
    expect((await send('POST', infer, { headers: raw, body: sample })).status).toBe(503);
    waiting.destroy();
    another.destroy();
    await settled();
  });
});

test('pictures count as they are decoded', async () => {
  const digits = await load(digitsFile);
  const { service: core, ...listener } = await (async () => {
    const made = handler({ models: { digits }, memoryBudget: 24 * 2 ** 20 });
    return { service: made.service, client: await listen(made) };
  })();
  const before = core.memory.used;
  expect(before).toBeGreaterThan(0);
  const path = '/v2/models/digits/classify';
  const picture = readFileSync(two);
  expect((await listener.client.send('POST', path, { body: picture })).status).toBe(200);
  const large = await sharp(two).resize(3000, 3000, { fit: 'fill' }).png().toBuffer();
  const refused = await listener.client.send('POST', path, { body: large });
  expect(refused.status).toBe(503);
  expect(refused.json().error).toMatch(/^classify: 36000000 bytes more would go over the memory budget/);
  await expect.poll(() => core.memory.used).toBe(before);
});

describe('the weights of the models', () => {
  test('count from the start, once for each model, until the last version is gone', async () => {
    const shared = net();
    const { repository, memory } = service({
      models: { a: shared, b: { versions: { 1: shared, 2: net() } } },
      memoryBudget: 2 ** 24,
    });
    const both = memory.used;
    expect(both).toBeGreaterThanOrEqual(2 * sampleBytes);
    await repository.remove('a');
    expect(memory.used).toBe(both);
    await repository.remove('b', '1');
    expect(memory.used).toBe(both / 2);
    await repository.remove('b');
    expect(memory.used).toBe(0);
  });

  test('that do not fit alone are an error at the start, and when they are added', async () => {
    const one = service({ models: { net: net() }, memoryBudget: 2 ** 24 }).memory.used;
    const options = { models: { small: net(), large: net() }, memoryBudget: 1.5 * one };
    expect(() => service(options)).toThrow(
      `models: "large": expected a memoryBudget that holds the packed weights of all models: these take ${one} bytes, and of ${1.5 * one} only ${0.5 * one} are free`,
    );
    const { repository, memory } = service({ ...options, models: { small: net() } });
    expect(() => repository.add('more', { versions: { 1: net(), 2: net() } })).toThrow(/raise it/);
    expect(repository.versions('more')).toEqual([]);
    expect(memory.used).toBe(one);
  });
});

test('what waits in a queue of a service without HTTP counts as well', async () => {
  const { repository, memory, close } = service({
    models: { net: net() },
    memoryBudget: 2 ** 23,
    maxQueueDelayMs: 60_000,
  });
  const weights = memory.used;
  const { predict, statistics } = (repository.find('net') ?? expect.fail()).batcher;
  const x = tensor(new Float32Array(length), [length]);
  const fitting = Math.floor((2 ** 23 - weights) / sampleBytes);
  expect(fitting).toBeGreaterThan(1);
  expect(fitting).toBeLessThan(32);
  const answers = Array.from({ length: fitting }, () => predict(x));
  const error = await predict(x).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BudgetError);
  expect(error).toMatchObject({ code: 'ERR_MEMORY_BUDGET' });
  expect(statistics().rejected).toBe(1);
  await close();
  expect(await Promise.all(answers)).toHaveLength(fitting);
  await expect.poll(() => memory.used).toBe(weights);
});

test('wrong budgets are refused; the environment gives one where no option does', () => {
  const models = {};
  for (const memoryBudget of [0, -1, 1.5, Number.NaN, '512M']) {
    expect(() => service({ models, memoryBudget: memoryBudget as number })).toThrow(
      /expected memoryBudget to be a number of bytes, a positive integer/,
    );
  }
  const set = (text: string | undefined) => {
    if (text === undefined) delete process.env.NEOCOG_MEMORY_BUDGET;
    else process.env.NEOCOG_MEMORY_BUDGET = text;
  };
  const before = process.env.NEOCOG_MEMORY_BUDGET;
  onTestFinished(() => set(before));
  for (const [text, bytes] of [
    ['3000000', 3_000_000],
    ['3m', 3 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
    ['4096K', 2 ** 22],
  ] as const) {
    set(text);
    expect(service({ models }).memory.budget).toBe(bytes);
    expect(service({ models, memoryBudget: 5_000_000 }).memory.budget).toBe(5_000_000);
  }
  set('much');
  expect(() => service({ models })).toThrow(
    /expected NEOCOG_MEMORY_BUDGET to be a number of bytes above 0.*got "much"/,
  );
  set(undefined);
  expect(service({ models }).memory.budget).toBeUndefined();
});
