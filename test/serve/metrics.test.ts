import { readFileSync } from 'node:fs';
import { load } from 'neocog';
import { createServer, type Server } from 'neocog/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digitsFile, two } from '../support/serving.js';

let server: Server;

beforeAll(async () => {
  const net = await load(digitsFile);
  server = await createServer({
    port: 0,
    models: { digits: net, strict: { model: net, maxQueueSize: 1, maxQueueDelayMs: 300 } },
  });
});

afterAll(() => server.close());

const classify = (model: string) =>
  fetch(`${server.url}/v2/models/${model}/classify`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: readFileSync(two),
  });

async function scrape() {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(\S+(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? [];
    expect(name, line).toBeDefined();
    expect(values.has(name as string), `${name} once`).toBe(false);
    values.set(name as string, Number(value));
  }
  return { text, value: (name: string) => values.get(name) };
}

const ofDigits = 'model="digits",version="1"';

test('requests, batches and times are counted by model and version', async () => {
  const before = await scrape();
  expect(before.value(`neocog_success_total{${ofDigits}}`)).toBe(0);
  for (let i = 0; i < 5; i++) expect((await classify('digits')).status).toBe(200);
  const { value } = await scrape();
  expect(value(`neocog_success_total{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_samples_total{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_executions_total{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_pending{${ofDigits}}`)).toBe(0);
  expect(value(`neocog_batch_size_bucket{${ofDigits},le="1"}`)).toBe(5);
  expect(value(`neocog_batch_size_bucket{${ofDigits},le="+Inf"}`)).toBe(5);
  expect(value(`neocog_batch_size_sum{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_compute_seconds_count{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_compute_seconds_sum{${ofDigits}}`)).toBeGreaterThan(0);
  for (const name of ['queue', 'compute', 'request']) {
    const le = (bound: string) =>
      value(`neocog_${name}_seconds_bucket{${ofDigits},le="${bound}"}`) ??
      value(`neocog_${name}_seconds_bucket{le="${bound}",${ofDigits}}`);
    expect(le('+Inf')).toBe(5);
    const bounds = ['0.0001', '0.001', '0.01', '0.1', '1', '5', '+Inf'].map(le) as number[];
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
  }
  expect(value(`neocog_queue_seconds_count{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_request_seconds_count{${ofDigits}}`)).toBe(5);
  expect(value(`neocog_request_seconds_bucket{le="+Inf",${ofDigits}}`)).toBe(5);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(0);
});

test('what is refused is counted by its reason', async () => {
  const answers = await Promise.all([classify('strict'), classify('strict'), classify('strict')]);
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses[0]).toBe(200);
  expect(statuses[2]).toBe(503);
  const full = answers.find(({ status }) => status === 503);
  expect(Number(full?.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('names that nobody serves leave no trace', async () => {
  await classify('made-up-by-a-stranger');
  await classify('%ff');
  expect((await scrape()).text).not.toMatch(/made-up|%ff/);
});

test('a path of a model in the query of another request is none', async () => {
  const count = async () => (await scrape()).value(`neocog_request_seconds_count{${ofDigits}}`);
  const before = await count();
  await (await fetch(`${server.url}/v2/health/live?from=/v2/models/digits/infer`)).text();
  expect(await count()).toBe(before);
});

test('names with quotes, backslashes and newlines stay one label', async () => {
  const name = 'a" 1\n# \\';
  server.service.repository.add(name, await load(digitsFile));
  expect((await classify(encodeURIComponent(name))).status).toBe(200);
  const { text } = await scrape();
  expect(text).toContain('neocog_success_total{model="a\\" 1\\n# \\\\",version="1"} 1');
  await server.service.repository.remove(name);
});

test('a second server counts for itself', async () => {
  const other = await createServer({ port: 0, models: { digits: await load(digitsFile) } });
  try {
    const text = await (await fetch(`${other.url}/metrics`)).text();
    expect(text).toContain(`neocog_success_total{${ofDigits}} 0`);
    expect(text).toContain('process_resident_memory_bytes');
  } finally {
    await other.close();
  }
});
