import { OptionError, tensor } from 'neocog';
import { batcher } from 'neocog/serve';
import { expect, test } from 'vitest';
import { doubling, occupy, turnOfLoop } from '../support/serve.js';

const one = (value: number) => tensor(Float32Array.of(value), [1]);
const sizes = (made: ReturnType<typeof batcher>) =>
  [...made.statistics().batchSizes].map(([size, { count }]) => [size, count]);

test('what waits goes together, in order and as much as fits', async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { maxBatchSize: 4 });
  const answered: number[] = [];
  const answers = Array.from({ length: 10 }, async (_, i) => {
    const y = await made.predict(one(i));
    answered.push(i);
    return [...y.data];
  });
  expect(made.waiting).toBe(10);
  expect(await Promise.all(answers)).toEqual(answers.map((_, i) => [i, 2 * i]));
  expect(answered).toEqual(answers.map((_, i) => i));
  expect(sizes(made)).toEqual([
    [4, 2],
    [2, 1],
  ]);
  expect(made.waiting).toBe(0);
  await end;
});

test('a batch in a request stays whole; the next one waits where it does not fit', async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { maxBatchSize: 4 });
  const answers = [3, 2, 1, 4].map((n) => made.predict(tensor(new Float32Array(n).fill(n), [n, 1])));
  for (const [i, n] of [3, 2, 1, 4].entries()) {
    const y = await answers[i];
    expect(y?.shape).toEqual([n, 2]);
    expect(y?.data).toEqual(Float32Array.from({ length: 2 * n }, (_, j) => (j % 2 === 0 ? n : 2 * n)));
  }
  expect(sizes(made)).toEqual([
    [3, 2],
    [4, 1],
  ]);
  await end;
});

test('requests of the same turn of the event loop are one batch on a free engine', async () => {
  const made = batcher(doubling());
  await Promise.all([1, 2, 3].map((value) => made.predict(one(value))));
  expect(sizes(made)).toEqual([[3, 1]]);
});

test('a batch that is not full waits for the delay of its oldest request, and no longer', async () => {
  const made = batcher(doubling(), { maxBatchSize: 8, maxQueueDelayMs: 400 });
  await Promise.all(Array.from({ length: 8 }, () => made.predict(one(1))));
  const start = performance.now();
  let waited = 0;
  const first = made.predict(one(1)).then(() => {
    waited = performance.now() - start;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = made.predict(one(2));
  expect(made.waiting).toBe(2);
  // Before the second one's own delay is over.
  await new Promise((resolve) => setTimeout(resolve, 390));
  await turnOfLoop();
  expect(made.waiting).toBe(0);
  await Promise.all([first, second]);
  expect(waited).toBeGreaterThan(398);
  expect(sizes(made)).toEqual([
    [8, 1],
    [2, 1],
  ]);
});

test('a full batch goes at once', async () => {
  const made = batcher(doubling(), { maxBatchSize: 2, maxQueueDelayMs: 60_000 });
  const answers = [made.predict(one(1)), made.predict(one(2))];
  // Taken within the call that filled it.
  expect(made.waiting).toBe(0);
  expect((await Promise.all(answers)).map(({ data }) => [...data])).toEqual([
    [1, 2],
    [2, 4],
  ]);
});

test('answers have memory of their own, and questions may change after the call', async () => {
  const made = batcher(doubling());
  const x = one(3);
  const answers = [made.predict(x), made.predict(x), made.predict(one(4))];
  x.data.fill(Number.NaN);
  const [a, b, c] = await Promise.all(answers);
  expect([...(a?.data ?? []), ...(b?.data ?? []), ...(c?.data ?? [])]).toEqual([3, 6, 3, 6, 4, 8]);
  const buffers = new Set([a?.data.buffer, b?.data.buffer, c?.data.buffer]);
  expect(buffers.size).toBe(3);
  for (const buffer of buffers) expect(buffer?.byteLength).toBe(8);
});

test('by name in, by name out', async () => {
  const net = doubling();
  const made = batcher(net);
  const [input, output] = [net.inputs[0]?.name as string, net.outputs[0]?.name as string];
  const [named, plain] = await Promise.all([made.predict({ [input]: one(5) }), made.predict(one(6))]);
  expect([...(named[output]?.data ?? [])]).toEqual([5, 10]);
  expect([...plain.data]).toEqual([6, 12]);
});

test('statistics', async () => {
  const made = batcher(doubling());
  expect(made.statistics()).toMatchObject({ inferenceCount: 0, executionCount: 0, lastInference: undefined });
  const before = Date.now();
  await Promise.all([made.predict(one(1)), made.predict(tensor(new Float32Array(3), [3, 1]))]);
  const found = made.statistics();
  expect(found).toMatchObject({ inferenceCount: 4, executionCount: 1, failed: 0, rejected: 0 });
  expect(found.lastInference).toBeGreaterThanOrEqual(before);
  expect([found.success.count, found.queue.count, found.compute.count]).toEqual([2, 2, 1]);
  expect(found.compute.ms).toBeGreaterThan(0);
  expect(found.success.ms).toBeCloseTo(found.queue.ms + 2 * found.compute.ms, 6);
  expect(found.batchSizes.get(4)).toEqual({ count: 1, ms: found.compute.ms });
});

test('options are checked', () => {
  expect(batcher(doubling()).options).toEqual({
    maxBatchSize: 32,
    maxQueueDelayMs: 0,
    maxQueueSize: 256,
    timeoutMs: undefined,
  });
  const wrong: readonly [object, string][] = [
    [{ maxBatchSize: 0 }, 'batcher: expected maxBatchSize to be a positive integer, got 0'],
    [{ maxQueueSize: 1.5 }, 'batcher: expected maxQueueSize to be a positive integer, got 1.5'],
    [{ maxQueueDelayMs: -1 }, 'a number of milliseconds from 0 to 2147483647, got -1'],
    [{ timeoutMs: 0 }, 'batcher: expected timeoutMs to be above 0, got 0'],
    [{ timeoutMs: Number.NaN }, 'a number of milliseconds from 0 to 2147483647, got NaN'],
    [{ delay: 1 }, 'batcher: unknown option "delay"'],
  ];
  for (const [options, message] of wrong) {
    expect(() => batcher(doubling(), options)).toThrow(OptionError);
    expect(() => batcher(doubling(), options)).toThrow(message);
  }
  expect(() => batcher({} as never)).toThrow('batcher: expected a model of neocog, got an object');
});
