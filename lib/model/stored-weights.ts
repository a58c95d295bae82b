import { show } from '../errors.js';
import type { Entry, Fail } from '../formats/safetensors.js';
import { isFloat } from '../formats/safetensors-data.js';
import { sameShape, showShape } from '../tensor.js';

/** The entries of the weights, in their order: names and shapes of both are the same ones. */
export function storedWeights(
  weights: readonly { readonly name: string; readonly shape: readonly number[] }[],
  entries: readonly Entry[],
  fail: Fail,
): readonly Entry[] {
  const left = new Map(entries.map((entry) => [entry.name, entry]));
  const found = weights.map(({ name, shape }) => {
    const entry = left.get(name);
    if (!entry) return fail(`expected a tensor ${show(name)}, got none of that name`);
    if (!sameShape(entry.shape, shape)) {
      fail(`tensor ${show(name)}: expected shape ${showShape(shape)}, got ${showShape(entry.shape)}`);
    }
    checkFloat(entry, fail);
    left.delete(name);
    return entry;
  });
  const [extra] = left.keys();
  if (extra !== undefined) fail(`expected only tensors of the architecture, got ${show(extra)} too`);
  return found;
}

export function checkFloat({ name, dtype }: Entry, fail: Fail): void {
  if (!isFloat(dtype)) fail(`tensor ${show(name)}: expected F32, F16, BF16 or F64, got ${dtype}`);
}
