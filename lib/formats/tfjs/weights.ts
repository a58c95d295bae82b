import { show } from '../../errors.js';
import type { Network, WeightSpec } from '../../model/network.js';
import { sameShape, showShape } from '../../tensor.js';
import type { Fail } from '../safetensors.js';
import { readFloats } from '../safetensors-data.js';
import type { Group, WeightEntry } from './manifest.js';

/** Names that Keras gives to our weights. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  kernel: ['kernel', 'depthwise_kernel'],
  depthwiseKernel: ['depthwise_kernel'],
  pointwiseKernel: ['pointwise_kernel'],
  movingMean: ['moving_mean'],
  movingVariance: ['moving_variance'],
};

/** Parts of a weight's name that are searched for the layer's; more than any exporter writes. */
const maxFolders = 8;

/** For every weight of the network, in its order, the entry that holds it. */
export function matchWeights(network: Network, groups: readonly Group[], fail: Fail): readonly WeightEntry[] {
  const entries = groups.flatMap((group) => group.entries);
  const left = new Set(entries);
  const places = placesOf(entries);
  const found = network.layers.flatMap(({ name, weights }) =>
    weights.map((weight) => {
      const part = weight.name.slice(name.length + 1);
      const [entry] = (aliases[part] ?? [part])
        .flatMap((alias) => places.get(`${name}/${alias}`) ?? [])
        .filter((candidate) => left.has(candidate))
        .toSorted((a, b) => a.name.length - b.name.length);
      if (!entry)
        return fail(`expected a weight ${show(weight.name)} in the manifest, got none of that name`);
      left.delete(entry);
      check(entry, weight);
      return entry;
    }),
  );
  for (const { name, dtype, optimizer } of left) {
    if (dtype === 'float32' && !optimizer) fail(`expected only weights of the layers, got ${show(name)} too`);
  }
  return found;
}

/**
 * Entries by `<layer>/<weight>` for every layer that could be meant: exporters put the model's name before the layer's
 * (`model/conv/kernel`), and TensorFlow scopes behind it (`conv/conv/kernel`, `kernel:0`).
 */
function placesOf(entries: readonly WeightEntry[]): ReadonlyMap<string, WeightEntry[]> {
  const places = new Map<string, WeightEntry[]>();
  for (const entry of entries) {
    const parts = entry.name.replace(/:\d+$/, '').split('/');
    const folders = parts.slice(0, -1);
    const keys = new Set<string>([folders.join('/')]);
    for (let begin = 0; begin < folders.length && folders.length <= maxFolders; begin++) {
      for (let end = begin + 1; end <= folders.length; end++) keys.add(folders.slice(begin, end).join('/'));
    }
    for (const key of keys) {
      const place = `${key}/${parts.at(-1)}`;
      const before = places.get(place);
      if (before) before.push(entry);
      else places.set(place, [entry]);
    }
  }
  return places;
}

function check({ shape, dtype, fail }: WeightEntry, weight: WeightSpec): void {
  if (dtype !== 'float32' && dtype !== 'float16') fail(`expected dtype float32, got ${dtype}`);
  // Convolutions along one axis have a kernel without the height, which is 1 here.
  const wanted = weight.shape;
  const withoutHeight = wanted.length === 4 && wanted[0] === 1 ? wanted.slice(1) : wanted;
  if (!sameShape(shape, wanted) && !sameShape(shape, withoutHeight)) {
    fail(`expected shape ${showShape(wanted)}, got ${showShape(shape)}`);
  }
}

/** The numbers of an entry as float32: a view of its group's bytes where they are float32 and aligned. */
export function decode(
  { quantization, dtype, begin, end, name, shape }: WeightEntry,
  bytes: Uint8Array,
): Float32Array {
  const half = (quantization?.dtype ?? dtype) === 'float16';
  if (half || !quantization)
    return readFloats(bytes, { name, shape, begin, end, dtype: half ? 'F16' : 'F32' });
  const view = new DataView(bytes.buffer, bytes.byteOffset + begin, end - begin);
  const { scale, min } = quantization;
  const width = quantization.dtype === 'uint8' ? 1 : 2;
  const numbers = new Float32Array(view.byteLength / width);
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = (width === 1 ? view.getUint8(i) : view.getUint16(2 * i, true)) * scale + min;
  }
  return numbers;
}
