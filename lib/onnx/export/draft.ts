import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../../formats/onnx/file.js';
import { sizeOf } from '../../tensor.js';

/** Attributes as exporters write them: whole numbers, text, lists of whole numbers; `float` for the others. */
export type Given = Readonly<
  Record<string, number | string | readonly number[] | { readonly float: number }>
>;

/** A file that grows: nodes in their order, and initializers. Every name it gives is given once. */
export interface Draft {
  readonly nodes: OnnxNode[];
  readonly initializers: Map<string, OnnxTensor>;
  /** Appends a node of one output and gives its name, `<base>/<op>`, which is the node's too. */
  node(op: string, base: string, inputs: readonly string[], attributes?: Given): string;
  /** Adds an initializer and gives its name: `base`, or that with a number. */
  tensor(base: string, shape: readonly number[], data: Float32Array | BigInt64Array): string;
}

/** `reserved` are the names of the file's inputs and outputs. */
export function draft(reserved: Iterable<string>): Draft {
  const taken = new Set(reserved);
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();

  const own = (base: string): string => {
    let name = base;
    for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  };

  return Object.freeze({
    nodes,
    initializers,

    node(op: string, base: string, inputs: readonly string[], attributes: Given = {}) {
      const name = own(`${base}/${op}`);
      const entries = Object.entries(attributes).map(([key, value]) => [key, attribute(value)] as const);
      nodes.push({ op, name, inputs, outputs: [name], attributes: new Map(entries) });
      return name;
    },

    tensor(base: string, shape: readonly number[], data: Float32Array | BigInt64Array) {
      const name = own(base);
      const type = data instanceof Float32Array ? 'float32' : 'int64';
      initializers.set(name, { name, type, shape, data });
      return name;
    },
  });
}

function attribute(value: Given[string]): OnnxAttribute {
  if (typeof value === 'number') return { kind: 'int', value };
  if (typeof value === 'string') return { kind: 'string', value };
  if ('float' in value) return { kind: 'float', value: value.float };
  return { kind: 'ints', value };
}

/** Numbers of `shape` with its axes in another order: axis i of the result is axis `axes[i]`. */
export function permuted(
  data: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  const moved = new Float32Array(sizeOf(shape));
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const [inner = 0, ...outer] = axes.toReversed();
  const length = shape[inner] ?? 1;
  const step = strides[inner] ?? 1;
  const index = outer.map(() => 0);
  let from = 0;
  for (let at = 0; at < moved.length; ) {
    for (let i = 0, p = from; i < length; i++, p += step) moved[at++] = data[p] as number;
    // Like an odometer: the fastest of the outer axes first.
    for (const [i, axis] of outer.entries()) {
      const stride = strides[axis] as number;
      index[i] = (index[i] as number) + 1;
      from += stride;
      if ((index[i] as number) < (shape[axis] as number)) break;
      from -= stride * (shape[axis] as number);
      index[i] = 0;
    }
  }
  return moved;
}
