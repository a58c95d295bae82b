import { layers, sequential, tensor } from 'neocog';
import { type Batcher, batcher } from 'neocog/serve';
import { expect, test } from 'vitest';
import { digitLayers, randomTensor } from '../support/nets.js';
import { doubling } from '../support/serve.js';

/** Keeps `clients` requests on their way until `stop` says so. */
function load(made: Batcher, x: ReturnType<typeof randomTensor>, clients: number, stop: () => boolean) {
  const client = async (): Promise<void> => {
    while (!stop()) await made.predict(x);
  };
  return Promise.all(Array.from({ length: clients }, client));
}

test('two models that want all of it share the engine by its time', async () => {
  const slow = batcher(sequential({ layers: digitLayers() }), { maxBatchSize: 32 });
  const quick = batcher(
    sequential({
      layers: [
        layers.dense({ units: 64, inputShape: [256], activation: 'relu' }),
        layers.dense({ units: 8 }),
      ],
    }),
    { maxBatchSize: 4 },
  );
  const big = randomTensor([32, 28, 28, 1]);
  const small = randomTensor([4, 256]);
  await Promise.all([slow.predict(big), quick.predict(small)]);
  const before = [slow, quick].map((made) => made.statistics());
  let over = false;
  const running = [load(slow, big, 6, () => over), load(quick, small, 6, () => over)];
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const after = [slow, quick].map((made) => made.statistics());
  over = true;
  await Promise.all(running);
  const [a = 0, b = 0] = after.map(({ compute }, i) => compute.ms - (before[i]?.compute.ms ?? 0));
  const [runsA = 0, runsB = 0] = after.map(
    ({ executionCount }, i) => executionCount - (before[i]?.executionCount ?? 0),
  );
  // Taking turns one by one would give as many runs to each; a run of the one takes many times as long.
  expect(
    runsB / runsA,
    `${runsA} and ${runsB} runs in ${a.toFixed(0)} and ${b.toFixed(0)} ms`,
  ).toBeGreaterThan(3);
  expect(b / a).toBeGreaterThan(0.5);
  expect(b / a).toBeLessThan(2);
});

test('at most two runs are handed over, so that requests collect', async () => {
  const made = batcher(doubling({ backend: 'js' }), { maxBatchSize: 64 });
  const answers = Array.from({ length: 40 }, async (_, i) => {
    // One by one, each in a turn of the event loop of its own.
    for (let turns = 0; turns < i; turns++) await new Promise(setImmediate);
    return made.predict(tensor(Float32Array.of(i), [1]));
  });
  await Promise.all(answers);
  const { executionCount, inferenceCount } = made.statistics();
  expect(inferenceCount).toBe(40);
  // The worker has to start first: all but the first two wait for that together.
  expect(executionCount).toBe(3);
});
