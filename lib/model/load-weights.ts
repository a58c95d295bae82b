import { show } from '../errors.js';
import { type Entry, type Fail, failing, type Header } from '../formats/safetensors.js';
import { readFloats } from '../formats/safetensors-data.js';
import { readSafetensors } from '../formats/safetensors-file.js';
import { boolean, expected, oneOf, readOptions } from '../options.js';
import { asBytes, floatTensor, type Tensor } from '../tensor.js';
import type { Network } from './network.js';
import { matchModules } from './pytorch/match.js';
import { isCount } from './pytorch/modules.js';
import type { Piece } from './pytorch/units.js';
import { filePath } from './save.js';
import { storedWeights } from './stored-weights.js';

const who = 'loadWeights';

type Named = readonly { readonly name: string; readonly shape: readonly number[] }[];

/** The weights of a network, in its order, from a file; see `Model.loadWeights`. */
export async function readWeights(network: Network, from: unknown, options: unknown): Promise<Tensor[]> {
  const { pytorch, names, strict } = settings(options);
  if (!pytorch) return readPlain(network.weights, from, strict, () => true);
  const { checked, data } = await open(from, ({ entries }, fail) =>
    matchModules(network, entries, names, strict, fail),
  );
  const turned = new Map(
    checked.map(({ piece, entry }) => [piece.weight.name, converted(piece, readFloats(data, entry))]),
  );
  return network.weights.map(({ name, shape }) => floatTensor(shape, turned.get(name) as Float32Array));
}

/** The same for a graph from a file, whose weights have the names and layouts of PyTorch already. */
export async function readGraphWeights(weights: Named, from: unknown, options: unknown): Promise<Tensor[]> {
  const { pytorch, strict } = settings(options);
  return readPlain(weights, from, strict, ({ name }) => !(pytorch && isCount(name)));
}

/** Tensors of the weights' own names and layouts. */
async function readPlain(
  weights: Named,
  from: unknown,
  strict: boolean,
  counts: (entry: Entry) => boolean,
): Promise<Tensor[]> {
  const names = new Set(weights.map(({ name }) => name));
  const { checked, data } = await open(from, ({ entries }, fail) => {
    const read = entries.filter((entry) => counts(entry) && (strict || names.has(entry.name)));
    return storedWeights(weights, read, fail);
  });
  return checked.map((entry) => floatTensor(entry.shape, readFloats(data, entry)));
}

function settings(options: unknown) {
  const given = readOptions(who, options, ['from', 'names', 'strict']);
  const { names } = given;
  if (names !== undefined && typeof names !== 'function') {
    throw expected(who, 'names', 'a function from a layer to a module', names);
  }
  return {
    pytorch: given.from !== undefined && oneOf(who, 'from', given.from, ['pytorch']) === 'pytorch',
    names: names as ((layer: string) => string | undefined) | undefined,
    strict: boolean(who, 'strict', given.strict, true),
  };
}

async function open<T>(from: unknown, check: (header: Header, fail: Fail) => T) {
  const bytes = asBytes(from);
  if (!bytes && typeof from !== 'string' && !(from instanceof URL)) {
    throw expected(who, 'the weights', 'a path, a file URL or a Uint8Array', from);
  }
  const place = bytes ?? (await filePath(who, from));
  const fail = failing(who, typeof place === 'string' ? show(place) : `${place.length} bytes`);
  return readSafetensors(place, fail, (header) => check(header, fail));
}

/** PyTorch's numbers in the order of the weight. */
function converted({ weight, view, axes }: Piece, numbers: Float32Array): Float32Array {
  if (numbers.length === 1) return new Float32Array(weight.size).fill(numbers[0] as number);
  const strides = view.map((_, axis) =>
    view.slice(axis + 1).reduce((product, length) => product * length, 1),
  );
  const turned = new Float32Array(numbers.length);
  const lengths = axes.map((axis) => view[axis] as number);
  const steps = axes.map((axis) => strides[axis] as number);
  const index = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let i = 0; i < turned.length; i++) {
    turned[i] = numbers[from] as number;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += steps[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if (index[axis] !== lengths[axis]) break;
      from -= (lengths[axis] as number) * (steps[axis] as number);
      index[axis] = 0;
    }
  }
  return turned;
}
