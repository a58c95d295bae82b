import { ShapeError } from '../errors.js';
import { initialNumbers } from '../layers/initializers.js';
import { list } from '../options.js';
import { checkFloatTensor, floatTensor, sameShape, showShape, type Tensor } from '../tensor.js';
import type { WeightSpec } from './network.js';
import { copyOf as copyOfNumbers, lend, mayLeave } from './residence.js';

/** The numbers of a model's weights. Arrays are replaced, never written, so whoever holds them holds one state. */
export interface WeightStore {
  /** In layer order; drawn now where nobody has set them. For an engine: some may be absent. */
  present(): readonly Float32Array[];
  /** The same for whoever reads or keeps them. */
  arrays(): readonly Float32Array[];
  /** Copies for the user. */
  tensors(): Tensor[];
  readonly map: ReadonlyMap<string, Tensor>;
  /** Checks all, copies all, then replaces all. */
  set(who: string, tensors: unknown): void;
}

/** `initial` are arrays that nobody else holds; without them weights are drawn from `seed` when they are needed. */
export function weightStore(
  specs: readonly WeightSpec[],
  seed: number,
  initial?: readonly Float32Array[],
): WeightStore {
  let arrays: readonly Float32Array[] | undefined;

  const drawn = ({ name, size, initializer, fanIn = 1, fanOut = 1 }: WeightSpec): Float32Array =>
    initialNumbers(initializer, size, { fanIn, fanOut, seed, name });
  const own = (made: readonly Float32Array[]): readonly Float32Array[] => {
    mayLeave(made);
    return made;
  };
  const current = () => {
    arrays ??= own(initial ?? specs.map(drawn));
    return arrays;
  };
  const copyOf = (index: number): Tensor =>
    floatTensor((specs[index] as WeightSpec).shape, copyOfNumbers(current()[index] as Float32Array));

  return Object.freeze({
    present: current,
    arrays() {
      current().forEach(lend);
      return current();
    },
    tensors: () => specs.map((_, index) => copyOf(index)),
    map: copyMap(
      specs.map(({ name }) => name),
      copyOf,
    ),
    set(who: string, tensors: unknown) {
      const given = list(who, 'weights', tensors, 'an array of tensors');
      if (given.length !== specs.length) {
        throw new ShapeError(`${who}: expected ${specs.length} tensors, got ${given.length}`);
      }
      const checked = specs.map(({ name, shape }, index) => {
        const found = checkFloatTensor(who, `weight ${index} (${name})`, given[index]);
        if (sameShape(found.shape, shape)) return found;
        throw new ShapeError(
          `${who}: expected weight ${index} (${name}) of shape ${showShape(shape)}, got ${showShape(found.shape)}`,
        );
      });
      arrays = own(checked.map(({ data }) => data.slice()));
    },
  });
}

/** A read-only map that makes its tensors when they are asked for. */
export function copyMap(
  names: readonly string[],
  copyOf: (index: number) => Tensor,
): ReadonlyMap<string, Tensor> {
  const indices = new Map(names.map((name, index) => [name, index]));
  function* entries(): MapIterator<[string, Tensor]> {
    for (const [name, index] of indices) yield [name, copyOf(index)];
  }
  function* values(): MapIterator<Tensor> {
    for (const index of indices.values()) yield copyOf(index);
  }
  const map: ReadonlyMap<string, Tensor> = Object.freeze({
    size: indices.size,
    has: (name: string) => indices.has(name),
    get(name: string) {
      const index = indices.get(name);
      return index === undefined ? undefined : copyOf(index);
    },
    keys: () => indices.keys(),
    values,
    entries,
    [Symbol.iterator]: entries,
    forEach(
      callback: (value: Tensor, key: string, map: ReadonlyMap<string, Tensor>) => void,
      self?: unknown,
    ) {
      for (const [name, value] of entries()) callback.call(self, value, name, map);
    },
  });
  return map;
}
