import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sequential } from 'neocog';
import { handler, models } from 'neocog/serve';
import { describe, expect, test } from 'vitest';
import { listen } from '../support/http.js';
import { jsonInput } from '../support/inference.js';
import { lenetLayers, randomTensor, smallNet } from '../support/nets.js';
import { root } from '../support/paths.js';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const metadata = (name: string, versions: readonly string[], engine: string): object => ({
  name,
  versions,
  platform: `neocog_${engine}`,
  inputs: [{ name: 'input_1', datatype: 'FP32', shape: [-1, 5, 5, 2] }],
  outputs: [{ name: 'answer', datatype: 'FP32', shape: [-1, 2] }],
});

describe('the paths of the protocol', () => {
  test('the server', async () => {
    const { get } = await listen(handler({ models: { small: smallNet() } }));
    for (const path of ['/v2', '/v2/', '/v2?x=1']) {
      const { status, headers, json } = await get(path);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('application/json');
      const extensions = ['binary_tensor_data', 'statistics', 'schedule_policy'];
      expect(json()).toEqual({ name: 'neocog', version, extensions });
    }
  });

  test('health, until the service closes', async () => {
    const listener = handler({ models: { small: smallNet() } });
    const { get, post } = await listen(listener);
    expect((await get('/v2/health/live')).json()).toEqual({ live: true });
    expect((await get('/v2/health/ready')).json()).toEqual({ ready: true });
    expect((await get('/v2/models/small/ready')).json()).toEqual({ name: 'small', ready: true });
    await listener.service.close();
    expect((await get('/v2/health/live')).status).toBe(200);
    const notReady = await get('/v2/health/ready');
    expect([notReady.status, notReady.json()]).toEqual([503, { ready: false }]);
    const model = await get('/v2/models/small/ready');
    expect([model.status, model.json()]).toEqual([503, { name: 'small', ready: false }]);
    const late = await post('/v2/models/small/infer', {
      inputs: [jsonInput('input_1', randomTensor([1, 5, 5, 2]))],
    });
    expect(late.status).toBe(503);
    expect(late.headers['retry-after']).toBe('1');
    expect(late.json().error).toMatch(/clos/);
  });

  test('models and their versions: the highest number is the default', async () => {
    const [one, two] = [smallNet(), smallNet({ backend: 'js' })];
    const listener = handler({ models: { small: { versions: { 10: two, 9: { model: one } } } } });
    const { get } = await listen(listener);
    const latest = await get('/v2/models/small');
    expect(latest.json()).toEqual(metadata('small', ['9', '10'], 'js'));
    const first = await get('/v2/models/small/versions/9');
    expect(first.json()).toEqual(metadata('small', ['9', '10'], one.backend.name));
    expect((await get('/v2/models/small/versions/9/ready')).status).toBe(200);
    for (const unknown of ['8', '09', 'latest', '9%20']) {
      const { status, json } = await get(`/v2/models/small/versions/${unknown}`);
      expect(status).toBe(404);
      expect(json().error).toMatch(/^no version ".*" of the model "small"; it has 9, 10$/);
    }
  });

  test('names are decoded once and mean nothing but themselves', async () => {
    const name = 'a/b ü%2e';
    const { get } = await listen(handler({ models: { [name]: smallNet(), constructor: smallNet() } }));
    const { status, json } = await get(`/v2/models/${encodeURIComponent(name)}/ready`);
    expect([status, json()]).toEqual([200, { name, ready: true }]);
    expect((await get('/v2/models/constructor')).status).toBe(200);
    for (const path of [
      '__proto__',
      'toString',
      '..',
      '%2e%2e',
      '..%2f..%2fetc%2fpasswd',
      'a%2Fb%20%C3%BC.',
      '%00',
    ]) {
      const answer = await get(`/v2/models/${path}`);
      expect(answer.status, path).toBe(404);
      expect(answer.json().error).toBe(`no model named ${JSON.stringify(decodeURIComponent(path))}`);
    }
  });

  test('everything else is no path, whatever it climbs over', async () => {
    const { get, send } = await listen(handler({ models: { small: smallNet() } }));
    for (const path of [
      '/',
      '/v1',
      '/v22',
      '/v2/../v2',
      '/v2/models',
      '/v2/models//ready',
      '/v2/models/small/../small',
      '/v2/models/small/versions',
      '/v2/models/small/versions/1/versions/1',
      '/v2/models/small/infer/more',
      '/v2/models/small/constructor',
      '/v2/toString',
      '//v2/health/live',
      '/v2/health/live/now',
    ]) {
      const { status, json } = await get(path);
      expect(status, path).toBe(404);
      expect(json().error).toMatch(/^no such path: /);
    }
    expect((await send('OPTIONS', '*')).status).toBe(404);
    const broken = await get('/v2/models/%zz');
    expect([broken.status, broken.json().error]).toEqual([
      400,
      'expected a percent-encoded name in the path, got "%zz"',
    ]);
  });

  test('a wrong method is told the right one; HEAD is GET without a body', async () => {
    const { send } = await listen(handler({ models: { small: smallNet() } }));
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      for (const path of [
        '',
        '/health/live',
        '/health/ready',
        '/models/small',
        '/models/small/stats',
        '/models/stats',
      ]) {
        const { status, headers, json } = await send(method, `/v2${path}`);
        expect([status, headers.allow], `${method} ${path}`).toEqual([405, 'GET, HEAD']);
        expect(json().error).toMatch(/^expected the method GET, HEAD for /);
      }
    }
    const get = await send('GET', '/v2/models/small/infer');
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
    const head = await send('HEAD', '/v2/models/small');
    const whole = await send('GET', '/v2/models/small');
    expect(head.status).toBe(200);
    expect(head.body.length).toBe(0);
    expect(head.headers['content-length']).toBe(whole.headers['content-length']);
  });

  test('statistics count samples and runs', async () => {
    const { get, post } = await listen(handler({ models: { a: smallNet(), b: smallNet() } }));
    const idle = (await get('/v2/models/a/stats')).json().model_stats;
    expect(idle).toHaveLength(1);
    expect(idle[0]).toMatchObject({
      name: 'a',
      version: '1',
      last_inference: 0,
      inference_count: 0,
      batch_stats: [],
    });
    const before = Date.now();
    for (const batch of [1, 3, 3]) {
      const inputs = [jsonInput('input_1', randomTensor([batch, 5, 5, 2]))];
      expect((await post('/v2/models/a/infer', { inputs })).status).toBe(200);
    }
    const [a, b] = (await get('/v2/models/stats')).json().model_stats;
    expect(a).toMatchObject({ name: 'a', version: '1', inference_count: 7, execution_count: 3 });
    expect(a.last_inference).toBeGreaterThanOrEqual(before);
    expect(a.inference_stats.success.count).toBe(3);
    expect(a.inference_stats.fail.count).toBe(0);
    expect(a.inference_stats.queue.count).toBe(3);
    expect(a.inference_stats.compute_infer.ns).toBeGreaterThan(0);
    expect(a.inference_stats.success.ns).toBeGreaterThanOrEqual(a.inference_stats.compute_infer.ns / 3);
    expect(Number.isInteger(a.inference_stats.compute_infer.ns)).toBe(true);
    expect(
      a.batch_stats.map((item: { batch_size: number; compute_infer: { count: number } }) => [
        item.batch_size,
        item.compute_infer.count,
      ]),
    ).toEqual([
      [1, 1],
      [3, 2],
    ]);
    expect(b).toMatchObject({ name: 'b', inference_count: 0 });
    const versioned = (await get('/v2/models/a/versions/1/stats')).json();
    expect(versioned.model_stats[0]).toEqual(a);
  });
});

describe('models come and go', () => {
  test('a version is added and taken away while requests run', async () => {
    const listener = handler({ models: { net: { versions: { 1: smallNet() } } } });
    const { repository } = listener.service;
    const { get, post } = await listen(listener);
    const x = randomTensor([1, 5, 5, 2]);
    const body = { inputs: [jsonInput('input_1', x)] };
    const served = async (): Promise<string> =>
      (await post('/v2/models/net/infer', body)).json().model_version;
    expect(await served()).toBe('1');
    repository.add('net', { versions: { 2: smallNet() } });
    expect(await served()).toBe('2');
    const running = Array.from({ length: 20 }, () => post('/v2/models/net/infer', body));
    const gone = repository.remove('net', '2');
    for (const { status, json } of await Promise.all(running)) {
      expect(status).toBe(200);
      expect(['1', '2']).toContain(json().model_version);
    }
    expect(await gone).toBe(true);
    expect(await served()).toBe('1');
    expect(await repository.remove('net', '2')).toBe(false);
    expect(await repository.remove('net')).toBe(true);
    expect(await repository.remove('net')).toBe(false);
    expect((await post('/v2/models/net/infer', body)).status).toBe(404);
    expect((await get('/v2/models/stats')).json()).toEqual({ model_stats: [] });
  });

  test('labels and preprocessing are those of the entry, or of the model', () => {
    const labels = ['no', 'yes'];
    const net = smallNet({ labels, preprocessing: { kind: 'x' } });
    const { find } = models({
      a: net,
      b: { model: net, labels: ['1', '2'], preprocessing: 5, maxBatchSize: 7 },
    });
    expect(find('a')).toMatchObject({ labels, preprocessing: { kind: 'x' } });
    expect(find('b')).toMatchObject({ labels: ['1', '2'], preprocessing: 5 });
    expect(find('b')?.batcher.options.maxBatchSize).toBe(7);
    expect(find('c')).toBeUndefined();
  });

  test('wrong models are refused by name', () => {
    const net = sequential({ layers: lenetLayers() });
    const { add } = models({ net });
    expect(() => add('net', net)).toThrow(/"net": expected a version that is not served yet, got 1/);
    expect(() => add('stats', net)).toThrow(/not "stats"/);
    expect(() => add('', net)).toThrow(/got ""/);
    expect(() => add('x', { versions: { one: net } })).toThrow(/positive integers, got "one"/);
    expect(() => add('x', { versions: {} })).toThrow(/expected versions to be/);
    expect(() => add('x', { model: {} } as never)).toThrow(
      /"x": expected model to be a model, got an object/,
    );
    expect(() => add('x', { model: net, maxBatch: 1 } as never)).toThrow(/unknown option "maxBatch"/);
    expect(() => models(net as never)).toThrow(/expected models to be an object of models/);
    expect(() => handler({} as never)).toThrow(/expected models to be an object of models/);
    expect(() => handler({ models: {}, port: 1 } as never)).toThrow(/unknown option "port"/);
  });
});
