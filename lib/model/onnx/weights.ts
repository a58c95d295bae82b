import { ShapeError } from '../../errors.js';
import type { OnnxFile, OnnxTensor } from '../../formats/onnx/file.js';
import { list } from '../../options.js';
import { checkFloatTensor, floatTensor, sameShape, showShape, type Tensor } from '../../tensor.js';
import { bringBack, copyOf as copyOfNumbers, lend, mayLeave } from '../residence.js';
import { copyMap } from '../weights.js';

/** The weights of a graph: its float32 initializers, under the file's names and in its layouts. */
export interface GraphWeights {
  /** All initializers, those of other types too, for an import, which reads them now. */
  present(): ReadonlyMap<string, OnnxTensor>;
  /** The same for whoever keeps them. */
  initializers(): ReadonlyMap<string, OnnxTensor>;
  tensors(): Tensor[];
  readonly map: ReadonlyMap<string, Tensor>;
  /** Checks all, copies all, then replaces all. */
  set(who: string, tensors: unknown): void;
}

export function graphWeights({ initializers }: OnnxFile): GraphWeights {
  let current = initializers;
  const names = [...initializers.values()]
    .filter(({ type, shape }) => type === 'float32' && shape.every((length) => length > 0))
    .map(({ name }) => name);
  const copyOf = (index: number): Tensor => {
    const { shape, data } = current.get(names[index] as string) as OnnxTensor;
    return floatTensor(Object.freeze([...shape]), copyOfNumbers(data as Float32Array));
  };
  const floatsOf = (map: ReadonlyMap<string, OnnxTensor>) =>
    names.map((name) => map.get(name)?.data as Float32Array);
  mayLeave(floatsOf(current));
  return Object.freeze({
    present() {
      floatsOf(current).forEach(bringBack);
      return current;
    },
    initializers() {
      floatsOf(current).forEach(lend);
      return current;
    },
    tensors: () => names.map((_, index) => copyOf(index)),
    map: copyMap(names, copyOf),
    set(who: string, tensors: unknown) {
      const given = list(who, 'weights', tensors, 'an array of tensors');
      if (given.length !== names.length) {
        throw new ShapeError(`${who}: expected ${names.length} tensors, got ${given.length}`);
      }
      const checked = names.map((name, index): [string, OnnxTensor] => {
        const { shape } = current.get(name) as OnnxTensor;
        const found = checkFloatTensor(who, `weight ${index} (${name})`, given[index]);
        if (!sameShape(found.shape, shape)) {
          throw new ShapeError(
            `${who}: expected weight ${index} (${name}) of shape ${showShape(shape)}, got ${showShape(found.shape)}`,
          );
        }
        return [name, { name, type: 'float32', shape, data: found.data.slice() }];
      });
      current = new Map([...current, ...checked]);
      mayLeave(floatsOf(current));
    },
  });
}
