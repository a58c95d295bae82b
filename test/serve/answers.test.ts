import { input, layers, type Model, model, sequential, type Tensor, tensor } from 'neocog';
import { batcher } from 'neocog/serve';
import { describe, expect, test } from 'vitest';
import { backends } from '../support/engines.js';
import { lenetLayers, randomTensor, smallNet } from '../support/nets.js';
import { random } from '../support/random.js';

const samples = 64;
/** Batchings; the TypeScript engine is some twenty times slower. */
const rounds = { js: 150, native: 3000 };

for (const { name, title, options, missing } of backends) {
  describe.skipIf(missing !== undefined)(`answers of a batcher on ${title}`, () => {
    test('have the bits of predictSync, however requests come together', async () => {
      const net = sequential({ layers: lenetLayers(), ...options });
      const x = randomTensor([samples, 28, 28, 1], 1, 0, 1);
      const y = net.predictSync(x).data;
      const next = random(7);
      const pick = (count: number): number => Math.floor(next() * count);
      let compared = 0;
      const ask = async (made: ReturnType<typeof batcher>): Promise<void> => {
        const n = 1 + pick(4);
        const from = pick(samples - n);
        const part = x.data.subarray(from * 784, (from + n) * 784);
        const single = n === 1 && pick(2) === 0;
        const answer = await made.predict(tensor(part, single ? [28, 28, 1] : [n, 28, 28, 1]));
        if (!sameBits(answer.data, y.subarray(from * 10, (from + n) * 10)))
          throw new Error(`other bits at ${from}`);
        compared++;
      };
      let asked = 0;
      for (let round = 0; round < rounds[name as 'js' | 'native']; round++) {
        const made = batcher(net, { maxBatchSize: 4 + pick(12) });
        const requests = Array.from({ length: 1 + pick(8) }, () => ask(made));
        asked += requests.length;
        await Promise.all(requests);
      }
      expect(compared).toBe(asked);
    });
  });
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bits = (data: Float32Array) => new Uint32Array(data.buffer, data.byteOffset, data.length);
  return a.length === b.length && bits(a).every((value, i) => value === bits(b)[i]);
}

test('10,000 mixes of good and bad requests: no neighbour is affected', async () => {
  const net = smallNet();
  const good = Array.from({ length: 16 }, (_, i) => randomTensor([5, 5, 2], i + 1));
  const wanted = good.map((x) => net.predictSync(x).data);
  const made = batcher(net, { maxBatchSize: 8, maxQueueSize: 1000 });
  const next = random(3);
  const outcome = { good: 0, refused: 0, aborted: 0, late: 0, nan: 0 };
  const requests: readonly (() => Promise<void>)[] = [
    async () =>
      expectReject(made.predict(tensor(new Float32Array(7), [7])), 'ERR_SHAPE').then(
        () => void outcome.refused++,
      ),
    async () =>
      expectReject(made.predict({ other: good[0] as Tensor }), 'ERR_OPTION').then(
        () => void outcome.refused++,
      ),
    async () =>
      expectReject(made.predict(good[0] as Tensor, { timeoutMs: 0 }), 'ERR_DEADLINE').then(
        () => void outcome.late++,
      ),
    async () => {
      const controller = new AbortController();
      const promise = made.predict(good[0] as Tensor, { signal: controller.signal });
      controller.abort();
      await expectReject(promise, 20);
      outcome.aborted++;
    },
    async () => {
      const { data } = await made.predict(tensor(new Float32Array(50).fill(Number.NaN), [5, 5, 2]));
      if (!Number.isNaN(data[0])) throw new Error('expected NaN');
      outcome.nan++;
    },
  ];
  const mixes = 10_000;
  let asked = 0;
  for (let mix = 0; mix < mixes; mix++) {
    const all = Array.from({ length: 4 }, async () => {
      if (next() < 0.4) return requests[Math.floor(next() * requests.length)]?.();
      const i = Math.floor(next() * good.length);
      asked++;
      const { data } = await made.predict(good[i] as Tensor);
      if (!sameBits(data, wanted[i] as Float32Array)) throw new Error(`neighbour ${i} is affected`);
      outcome.good++;
    });
    await Promise.all(all);
  }
  expect(outcome.good).toBe(asked);
  for (const count of Object.values(outcome)) expect(count).toBeGreaterThan(mixes / 10);
  const found = made.statistics();
  expect(found.inferenceCount).toBe(outcome.good + outcome.nan);
  expect(found.cancelled).toBe(outcome.aborted);
  expect(found.timedOut).toBe(outcome.late);
  expect(found.failed).toBe(0);
});

async function expectReject(promise: Promise<unknown>, code: string | number): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (error?.code !== code) throw new Error(`expected ${code}, got ${error?.code}`);
}

test('several inputs and outputs', async () => {
  const net = twoByTwo();
  const made = batcher(net);
  const asked = Array.from({ length: 6 }, (_, i) => ({
    a: randomTensor([1 + (i % 3), 3], i),
    b: randomTensor([1 + (i % 3), 2], 10 + i),
  }));
  const answers = await Promise.all(asked.map((x) => made.predict(x)));
  for (const [i, answer] of answers.entries()) {
    const wanted = net.predictSync(asked[i] as (typeof asked)[number]);
    expect(Object.keys(answer)).toEqual(Object.keys(wanted));
    for (const name of Object.keys(wanted)) expect(answer[name]).toEqual(wanted[name]);
  }
  expect([...made.statistics().batchSizes.keys()]).toEqual([12]);
});

function twoByTwo(): Model {
  const [a, b] = [input({ shape: [3], name: 'a' }), input({ shape: [2], name: 'b' })];
  const [left, right] = [layers.dense({ units: 4 }).apply(a), layers.dense({ units: 4 }).apply(b)];
  const sum = layers.add().apply([left, right]);
  return model({ inputs: [a, b], outputs: [sum, layers.dense({ units: 5 }).apply(sum)] });
}
