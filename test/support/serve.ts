import { layers, type Model, sequential } from 'neocog';
import { batcher } from 'neocog/serve';
import { digitLayers, randomTensor } from './nets.js';

/** A model whose answer for [a] is [a, 2 a]: quick, and every answer tells its question. */
export function doubling(options: object = {}): Model {
  const net = sequential({
    layers: [layers.dense({ units: 2, inputShape: [1], useBias: false })],
    ...options,
  });
  net.setWeights([{ shape: [1, 2], dtype: 'float32', data: Float32Array.of(1, 2) }]);
  return net;
}

/** Uses both turns of the engine for a while; resolves once it does, with the promise of its end. */
export async function occupy(): Promise<{ readonly end: Promise<unknown> }> {
  const slow = batcher(sequential({ layers: digitLayers(), backend: 'js' }), { maxBatchSize: 4 });
  const x = randomTensor([4, 28, 28, 1]);
  const runs = [slow.predict(x), slow.predict(x)];
  while (slow.waiting > 0) await new Promise(setImmediate);
  return { end: Promise.all(runs) };
}

export const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
