import { type Model, tensor } from 'neocog';
import { expect } from 'vitest';
import { type Entry, numbers, sizeOf } from './keras.js';
import { floats, random } from './random.js';

/** A network of ours with the numbers that `weightData` gives to these entries, which are in our order. */
export function filled<M extends Model>(net: M, entries: readonly Entry[]): M {
  const all = [...net.weights].map(([, { shape }], i) => tensor(numbers(sizeOf(shape), i), [...shape]));
  expect(all.map(({ shape }) => sizeOf(shape))).toEqual(entries.map(({ shape }) => sizeOf(shape)));
  net.setWeights(all);
  return net;
}

/** Both models answer a random batch with the same bits. */
export async function expectSame(loaded: Model, ours: Model): Promise<void> {
  expect(loaded.outputs.map(({ shape }) => shape)).toEqual(ours.outputs.map(({ shape }) => shape));
  const shape = [3, ...(ours.inputs[0]?.shape ?? [])];
  const x = tensor(floats(random(1), sizeOf(shape)), shape);
  expect((await loaded.predict(x)).data).toEqual((await ours.predict(x)).data);
}
