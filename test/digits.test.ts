import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { load, type Model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { dataMissing, mnistTest, readData } from './support/data.js';
import { backends } from './support/engines.js';
import { digitLayers } from './support/nets.js';
import { root } from './support/paths.js';
import { readTensors } from './support/safetensors.js';

const digits = join(root, 'models', 'digits.safetensors');

/** The network of the shared models in our layers, with the weights that PyTorch trained. */
function sharedNet(options: object): Model {
  const net = sequential({ layers: digitLayers(), ...options });
  const stored = readTensors(readData('models/digits-weights.safetensors'));
  net.setWeights(
    [...net.weights.keys()].map((name) => {
      const { data, shape } = stored.get(name) as { data: Float32Array; shape: number[] };
      return tensor(data, shape);
    }),
  );
  return net;
}

function best(row: Float32Array): number {
  return row.reduce((top, value, i) => (value > (row[top] as number) ? i : top), 0);
}

async function probabilities(net: Model, images: Float32Array, count: number): Promise<Float32Array> {
  const all = new Float32Array(count * 10);
  const batch = 500;
  for (let i = 0; i < count; i += batch) {
    const n = Math.min(batch, count - i);
    const x = tensor(images.subarray(i * 784, (i + n) * 784), [n, 28, 28, 1]);
    all.set((await net.predict(x)).data, i * 10);
  }
  return all;
}

/** Of these weights: counted by the native engine, whose total is PyTorch's. */
const rightOfFirst1000 = 994;

const note = dataMissing === undefined ? '' : ` (${dataMissing})`;

describe.skipIf(dataMissing !== undefined)(`MNIST${note}`, () => {
  const known = () =>
    JSON.parse(readData('models/digits-expected.json').toString()) as {
      correct_of_10000: number;
      first64_probabilities: number[][];
    };

  /** Counts the right answers of the first `count` digits and compares the first 64 probabilities with PyTorch's. */
  const check = async (net: Model, count: number, wanted: number): Promise<void> => {
    const { images, labels } = mnistTest();
    const all = await probabilities(net, images, count);
    const right = labels
      .slice(0, count)
      .filter((label, i) => best(all.subarray(10 * i, 10 * i + 10)) === label);
    expect(Math.abs(right.length - wanted), `${right.length} of ${count}`).toBeLessThanOrEqual(1);
    const first = known().first64_probabilities.flat();
    const worst = first.reduce((error, value, i) => Math.max(error, Math.abs(value - (all[i] as number))), 0);
    expect(worst).toBeLessThanOrEqual(1e-4);
  };

  for (const { name, title, options, missing } of backends) {
    // 16 million multiply-adds each: the TypeScript engine takes a minute or two for all, too long for every run.
    const slow = name === 'js' && process.env.NEOCOG_ALL_DIGITS !== '1';

    test.skipIf(missing !== undefined || slow)(
      `all 10,000 test digits and the first 64 probabilities on ${title}${slow ? ' (NEOCOG_ALL_DIGITS=1 asks for it)' : ''}`,
      () => check(sharedNet(options), 10_000, known().correct_of_10000),
      300_000,
    );

    test.skipIf(missing !== undefined)(`the first 1000 test digits and 64 probabilities on ${title}`, () =>
      check(sharedNet(options), 1000, rightOfFirst1000),
    );

    test.skipIf(missing !== undefined || !existsSync(digits))(
      `the model of the demo gives the same bits on ${title}`,
      async () => {
        const net = await load(digits, options);
        const { images } = mnistTest();
        const demo = await probabilities(net, images, 64);
        expect(demo).toEqual(await probabilities(sharedNet(options), images, 64));
      },
    );
  }
});
