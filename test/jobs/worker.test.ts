import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Job, Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { load, loadOnnx, type Model, tensor } from 'neocog';
import { createWorker, type JobWorker } from 'neocog/serve';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../support/child.js';
import { writeOnnx } from '../support/internals.js';
import { fileOf, node } from '../support/onnx-graph.js';
import { keptFolder, packageCopy } from '../support/package.js';
import { root } from '../support/paths.js';
import { redisMissing, startRedis } from '../support/redis.js';
import { widePicture } from '../support/wide-picture.js';

const model = join(root, 'models', 'digits.safetensors');
const digits = join(root, 'examples', 'digits');
const folder = keptFolder();
const images = join(folder, 'images');

if (redisMissing !== undefined) console.warn(`worker: skipped, ${redisMissing}`);

test('without bullmq the error says what to install', async () => {
  const copy = packageCopy();
  const options = ['worker', '--redis', 'redis://localhost', '--queue', 'q', '--model', model];
  const ended = await run(process.execPath, [join(copy, 'dist', 'cli', 'main.js'), ...options], {
    cwd: copy,
  });
  expect(ended).toMatchObject({ status: 1, stdout: '' });
  expect(ended.stderr).toContain('npm install bullmq ioredis');
});

test.each([
  [[], 'expected --redis'],
  [['--redis', 'r', '--queue', 'q'], 'expected --model'],
  [['--redis', 'r', '--queue', 'q', '--model', 'm', '--top', '0'], 'expected --top to be a positive integer'],
  [['queue'], 'expected options only, got "queue"'],
])('neocog worker %j is wrong usage', async (args, message) => {
  const ended = await run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'worker', ...args]);
  expect(ended).toMatchObject({ status: 2, stdout: '' });
  expect(ended.stderr).toContain(message);
});

describe.skipIf(redisMissing !== undefined)('createWorker', () => {
  let redis: string;
  let stopRedis = () => {};
  let connection: Redis;
  let net: Model;
  let web: Server;
  let address: string;
  let names = 0;
  /** Answers of the web server by path: each time the next one, the last one for ever. */
  const statuses: Record<string, number[]> = {};

  beforeAll(async () => {
    mkdirSync(join(images, 'below'), { recursive: true });
    copyFileSync(join(digits, '3.png'), join(images, 'below', '3.png'));
    copyFileSync(join(digits, '8.png'), join(folder, 'secret.png'));
    writeFileSync(join(images, 'broken.png'), 'no picture');
    writeFileSync(join(images, 'wide.png'), await widePicture());
    symlinkSync(join(folder, 'secret.png'), join(images, 'link.png'));
    symlinkSync('below/3.png', join(images, 'good-link.png'));
    ({ url: redis, stop: stopRedis } = await startRedis());
    connection = new Redis(redis, { maxRetriesPerRequest: null });
    net = await load(model);
    web = createServer(({ url = '' }, answer) => {
      const left = statuses[url] ?? [];
      const status = left.length > 1 ? (left.shift() as number) : (left[0] ?? 200);
      if (status === 302) answer.setHeader('location', `${address}/ok/8.png`);
      answer.statusCode = status;
      if (url.endsWith('endless.png')) {
        const pour = setInterval(() => answer.write(Buffer.alloc(100_000)), 1);
        answer.on('close', () => clearInterval(pour));
      } else if (!url.endsWith('slow.png')) answer.end(readFileSync(join(digits, '8.png')));
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    web?.closeAllConnections();
    web?.close();
    await connection?.quit();
    stopRedis();
  });

  /** A queue, a worker for it and what its jobs come to. */
  async function workplace(options: object = {}) {
    const name = `queue-${names++}`;
    const queue = new Queue(name, { connection });
    const dead = new Queue(`${name}-dead`, { connection });
    // It blocks its connection.
    const own = connection.duplicate();
    const events = new QueueEvents(name, { connection: own });
    await events.waitUntilReady();
    const worker: JobWorker = await createWorker({
      model: net,
      redis,
      queue: name,
      images,
      urlPrefixes: [`${address}/ok/`],
      fetchTimeoutMs: 500,
      maxBytes: 1_000_000,
      ...options,
    });
    onTestFinished(async () => {
      await worker.close();
      await events.close();
      own.disconnect();
      await Promise.all([queue.close(), dead.close()]);
    });
    const answer = async (data: unknown, more: object = {}) =>
      (await queue.add('job', data, more)).waitUntilFinished(events, 20_000);
    return { name, queue, dead, events, worker, answer };
  }

  test('pictures by path and by address are classified as the command line does', async () => {
    const { answer } = await workplace();
    const { stdout } = await run(process.execPath, [
      join(root, 'dist', 'cli', 'main.js'),
      ...['predict', model, join(digits, '3.png'), join(digits, '8.png'), '--json'],
    ]);
    const [three, eight] = stdout
      .trim()
      .split('\n')
      .map((line) => ({ top: JSON.parse(line).top }));
    expect(await answer({ image: 'below/3.png' })).toEqual(three);
    expect(await answer({ image: './below/../good-link.png' })).toEqual(three);
    expect(await answer({ image: join(images, 'below', '3.png') })).toEqual(three);
    expect(await answer({ url: pathToFileURL(join(images, 'below', '3.png')).href })).toEqual(three);
    expect(await answer({ url: `${address}/ok/8.png` })).toEqual(eight);
  });

  test('integers among the outputs are numbers as well', async () => {
    const ports = (all: object) =>
      Object.entries(all).map(([name, [type, shape]]) => ({ name, type, shape }));
    const parts = fileOf({ nodes: [node('Relu', ['x'], ['y']), node('Shape', ['x'], ['s'])] });
    const inputs = ports({ x: ['float32', ['n', 2]] });
    const outputs = ports({ y: ['float32', ['n', 2]], s: ['int64', [2]] });
    const { answer } = await workplace({ model: await loadOnnx(writeOnnx({ ...parts, inputs, outputs })) });
    const tensors = await answer({ tensor: { shape: [1, 2], data: [-3, 4] } });
    expect(tensors.outputs).toEqual({ y: { shape: [1, 2], data: [0, 4] }, s: { shape: [2], data: [1, 2] } });
    const data = Buffer.from(Float32Array.of(-3, 4).buffer).toString('base64');
    const packed = await answer({ tensor: { shape: [1, 2], data } });
    expect(packed.outputs.s.data).toBe(Buffer.from(Float32Array.of(1, 2).buffer).toString('base64'));
  });

  test('tensors give all outputs, as numbers or as base64, whichever the job has', async () => {
    const { answer } = await workplace();
    const x = Float32Array.from({ length: 2 * 784 }, (_, i) => (i % 13) / 13);
    const y = await net.predict(tensor(x, [2, 28, 28, 1]));
    const name = net.outputs[0]?.name as string;
    expect(await answer({ tensor: { shape: [2, 28, 28, 1], data: [...x] } })).toEqual({
      outputs: { [name]: { shape: [2, 10], data: [...y.data] } },
    });
    const data = Buffer.from(x.buffer, 0, 784 * 4).toString('base64');
    const given = await answer({ tensor: { shape: [28, 28, 1], data } });
    expect(given.outputs[name].shape).toEqual([10]);
    const bytes = Buffer.from(given.outputs[name].data, 'base64');
    expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual([...y.data.slice(0, 10)]);
  });

  test.each<[string, unknown, RegExp]>([
    ['no data', {}, /^job: expected an object with image, url or tensor, got an object/],
    ['two of them', { image: 'a', url: 'b' }, /^job: expected an object with/],
    ['an inherited one', JSON.parse('{"__proto__": {"image": "below/3.png"}}'), /^job: expected/],
    ['a number for a path', { image: 7 }, /^image: expected a text, got 7/],
    ['a path upwards', { image: '../secret.png' }, /^image: expected a path below the allowed folder/],
    ['an absolute path', { image: '/etc/passwd' }, /^image: expected a path below the allowed folder/],
    ['a link outwards', { image: 'link.png' }, /^image: expected a path below the allowed folder/],
    ['a path with NUL', { image: 'a\0b' }, /^image: .*could not be read/],
    ['the folder', { image: '.' }, /^image: expected a path below the allowed folder/],
    ['a folder', { image: 'below' }, /^image: "below" is no file/],
    ['an absent picture', { image: 'absent.png' }, /^image: "absent\.png" could not be read: ENOENT/],
    ['a broken picture', { image: 'broken.png' }, /^image: "broken\.png": .*unsupported image format/],
    [
      'a picture that unfolds to too many pixels',
      { image: 'wide.png' },
      /^image: "wide\.png": .*12000 x 12000/,
    ],
    ['a file outside', { url: 'file:///etc/passwd' }, /^image: expected a path below/],
    ['a file of another host', { url: 'file://host/etc/passwd' }, /^url: .*host/],
    ['no address', { url: 'below/3.png' }, /^url: expected an address of http, https or file/],
    ['another protocol', { url: 'ftp://host/a.png' }, /^url: expected an address of http, https or file/],
    ['a short tensor', { tensor: { shape: [28, 28, 1], data: [1, 2] } }, /784/],
    ['another shape', { tensor: { shape: [2, 2], data: [1, 2, 3, 4] } }, /28/],
    [
      'texts in a tensor',
      { tensor: { shape: [1], data: ['1'] } },
      /^tensor: expected data\[0\] to be a number/,
    ],
    ['no base64', { tensor: { shape: [1], data: '$$$$' } }, /^tensor: expected data to be base64/],
    ['no tensor', { tensor: null }, /^tensor: expected shape to be an array of lengths/],
  ])('%s: fails at once, and is among the dead ones', async (_, data, message) => {
    const { queue, dead, answer } = await workplace();
    const more = { attempts: 5, jobId: 'wrong' };
    await expect(answer(data, more)).rejects.toThrow(message);
    const job = (await queue.getJob('wrong')) as Job;
    expect([await job.getState(), job.attemptsMade]).toEqual(['failed', 1]);
    const letters = await dead.getJobs();
    expect(letters.map((letter) => letter.data)).toMatchObject([
      { id: 'wrong', name: 'job', error: expect.stringMatching(message) },
    ]);
  });

  test('addresses: only below the prefixes, no redirections, bounded in size; 404 is for good', async () => {
    const { queue, answer } = await workplace();
    statuses['/ok/moved.png'] = [302];
    statuses['/ok/gone.png'] = [404];
    for (const [path, message] of [
      ['/8.png', /begins with no allowed prefix/],
      ['/ok/../8.png', /begins with no allowed prefix/],
      ['/ok/%2e%2e/8.png', /begins with no allowed prefix/],
      ['/ok/..%2f8.png', /no encoded way up/],
      ['/ok/a%5C%2e.%5c8.png', /no encoded way up/],
      ['/ok/moved.png', /answers with status 302/],
      ['/ok/gone.png', /answers with status 404/],
      ['/ok/endless.png', /at most 1000000 bytes/],
    ] as const) {
      await expect(answer({ url: address + path }, { attempts: 3, jobId: path }), path).rejects.toThrow(
        message,
      );
      expect((await queue.getJob(path))?.attemptsMade, path).toBe(1);
    }
  });

  test('what may pass is tried again, as often as the job says', async () => {
    const { queue, dead, answer } = await workplace();
    statuses['/ok/busy.png'] = [503, 429, 200];
    statuses['/ok/down.png'] = [500];
    const { top } = await answer({ url: `${address}/ok/busy.png` }, { attempts: 3, jobId: 'busy' });
    expect(top[0].label).toBe('8');
    expect(await dead.getJobs()).toEqual([]);
    for (const [path, message] of [
      ['/ok/down.png', /status 500/],
      ['/ok/slow.png', /timeout/],
    ] as const) {
      await expect(answer({ url: address + path }, { attempts: 2, jobId: path })).rejects.toThrow(message);
      expect((await queue.getJob(path))?.attemptsMade).toBe(2);
    }
    expect((await dead.getJobs()).map(({ data }) => data.id).sort()).toEqual([
      '/ok/down.png',
      '/ok/slow.png',
    ]);
  });

  test('without --images and prefixes nothing is read', async () => {
    const { answer } = await workplace({ images: undefined, urlPrefixes: undefined });
    await expect(answer({ image: 'below/3.png' })).rejects.toThrow(/this worker reads no files/);
    await expect(answer({ url: `${address}/ok/8.png` })).rejects.toThrow(/no allowed prefix/);
  });

  test('jobs that come together are computed together; closing finishes those in hand', async () => {
    const { queue, worker } = await workplace({ concurrency: 64 });
    const data = [...new Float32Array(784)];
    await queue.addBulk(
      Array.from({ length: 200 }, () => ({ name: 'job', data: { tensor: { shape: [28, 28, 1], data } } })),
    );
    while (worker.statistics().inferenceCount < 60) await new Promise((resolve) => setTimeout(resolve, 1));
    await worker.close();
    const { inferenceCount, executionCount, failed } = worker.statistics();
    expect(executionCount).toBeLessThan(inferenceCount / 2);
    expect(failed).toBe(0);
    const counts = await queue.getJobCounts('active', 'completed', 'failed', 'waiting');
    expect(counts).toEqual({
      active: 0,
      completed: inferenceCount,
      failed: 0,
      waiting: 200 - inferenceCount,
    });
  });

  test.each<[object, RegExp]>([
    [{ redis: 'localhost' }, /expected redis to be an address/],
    [{ queue: 'a:b' }, /expected queue to be a name without colons/],
    [{ images: '/nowhere' }, /expected images to be the path of a folder/],
    [{ urlPrefixes: ['ftp://x/'] }, /prefix of http\(s\) addresses/],
    [{ top: 0 }, /expected top to be a positive integer/],
    [{ colour: 1 }, /unknown option "colour"/],
  ])('%j is refused', async (option, message) => {
    const options = { model: net, redis, queue: 'q', ...option };
    await expect(createWorker(options)).rejects.toThrow(message);
  });
});
