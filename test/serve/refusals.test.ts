import { getEventListeners } from 'node:events';
import { ShapeError, tensor } from 'neocog';
import { batcher, ClosedError, DeadlineError, QueueFullError } from 'neocog/serve';
import { expect, test } from 'vitest';
import { doubling, occupy, turnOfLoop } from '../support/serve.js';

const one = (value: number) => tensor(Float32Array.of(value), [1]);

test('a full queue refuses at once, and takes the next one as soon as there is room', async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { maxQueueSize: 3, maxBatchSize: 2 });
  const accepted = [1, 2, 3].map((value) => made.predict(one(value)));
  const refused = made.predict(one(4));
  await expect(refused).rejects.toThrow(QueueFullError);
  await expect(refused).rejects.toThrow('3 requests wait, and maxQueueSize is 3');
  await expect(refused).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
  expect(made.waiting).toBe(3);
  expect((await Promise.all(accepted)).map(({ data }) => data[1])).toEqual([2, 4, 6]);
  expect((await made.predict(one(5))).data[1]).toBe(10);
  expect(made.statistics()).toMatchObject({ rejected: 1, inferenceCount: 4 });
  await end;
});

test('a request whose time is over before its turn', async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { timeoutMs: 60_000 });
  const [short, long] = [made.predict(one(1), { timeoutMs: 5 }), made.predict(one(2))];
  await expect(short).rejects.toThrow(DeadlineError);
  expect(made.waiting).toBe(1);
  expect((await long).data[1]).toBe(4);
  await expect(made.predict(one(3), { timeoutMs: 0 })).rejects.toMatchObject({ code: 'ERR_DEADLINE' });
  expect(made.statistics()).toMatchObject({ timedOut: 2, inferenceCount: 1 });
  await end;
});

test("a request cannot lengthen the batcher's time limit", async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { timeoutMs: 5 });
  await expect(made.predict(one(1), { timeoutMs: 60_000 })).rejects.toThrow(DeadlineError);
  expect(made.waiting).toBe(0);
  await end;
});

test('an abort in the queue frees the place; nothing is computed', async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { maxQueueSize: 2 });
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = made.predict(one(1), { signal });
  const stays = made.predict(one(2), { signal: new AbortController().signal });
  const reason = new Error('the client has left');
  controller.abort(reason);
  expect(made.waiting).toBe(1);
  await expect(aborted).rejects.toBe(reason);
  const next = made.predict(one(3));
  expect((await Promise.all([stays, next])).map(({ data }) => data[1])).toEqual([4, 6]);
  expect(made.statistics()).toMatchObject({ cancelled: 1, inferenceCount: 2 });
  expect([...made.statistics().batchSizes.keys()]).toEqual([2]);
  await expect(made.predict(one(1), { signal })).rejects.toBe(reason);
  await end;
});

test('an abort while its batch is computed: the others are answered', async () => {
  const made = batcher(doubling(), { maxBatchSize: 2, maxQueueDelayMs: 60_000 });
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = made.predict(one(1), { signal });
  const other = made.predict(one(2), { signal: new AbortController().signal });
  expect(made.waiting).toBe(0);
  const order: string[] = [];
  controller.abort();
  const first = aborted.catch((error: Error) => order.push(error.name));
  const second = other.then(({ data }) => order.push(`${data[1]}`));
  await Promise.all([first, second]);
  expect(order).toEqual(['AbortError', '4']);
  expect(made.statistics()).toMatchObject({ cancelled: 1, inferenceCount: 1, executionCount: 1 });
});

test('no listener stays on a signal', async () => {
  const made = batcher(doubling());
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 30 }, (_, i) => made.predict(one(i), { signal })));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('close answers what was accepted and refuses the rest', async () => {
  const { end } = await occupy();
  const made = batcher(doubling(), { maxQueueDelayMs: 60_000 });
  const accepted = [1, 2].map((value) => made.predict(one(value)));
  let closed = false;
  const closing = made.close().then(() => {
    closed = true;
  });
  const refused = made.predict(one(3));
  await expect(refused).rejects.toThrow(ClosedError);
  await turnOfLoop();
  expect(closed).toBe(false);
  expect((await Promise.all(accepted)).map(({ data }) => data[1])).toEqual([2, 4]);
  await closing;
  await made.close();
  expect(made.statistics()).toMatchObject({ rejected: 1, inferenceCount: 2 });
  await end;
});

test('a request that is wrong gets the error of model.predict', async () => {
  const net = doubling();
  const made = batcher(net, { maxBatchSize: 4 });
  const wrong = [tensor(new Float32Array(3), [3, 1, 1]), tensor(new Float64Array(1), [1]), {}, null, 'x'];
  for (const x of wrong as never[]) {
    const expected: Error = await net.predict(x).catch((error) => error);
    await expect(made.predict(x)).rejects.toThrow(expected.message);
    await expect(made.predict(x)).rejects.toMatchObject({ name: expected.name });
  }
  await expect(made.predict(one(1), { timeout: 1 } as object)).rejects.toThrow('unknown option "timeout"');
  const large = made.predict(tensor(new Float32Array(5), [5, 1]));
  await expect(large).rejects.toThrow(ShapeError);
  await expect(large).rejects.toThrow('at most maxBatchSize = 4 samples, got 5');
});

test('a model that was disposed refuses every request alone', async () => {
  const net = doubling();
  const made = batcher(net);
  net[Symbol.dispose]();
  const answers = await Promise.allSettled([1, 2, 3].map((value) => made.predict(one(value))));
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 'rejected', reason: { message: 'model: it was disposed' } });
  }
  expect(made.statistics()).toMatchObject({ failed: 3, inferenceCount: 0, executionCount: 0 });
});
