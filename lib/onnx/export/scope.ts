import { OptionError } from '../../errors.js';
import type { Graph, Node, Value } from '../../graph/graph.js';
import { type Draft, type Given, permuted } from './draft.js';
import type { Order } from './order.js';

/** Where the values of the graph are in the file: their names in the orders that are there already. */
export type Places = Map<number, { last?: string; first?: string }>;

/** How a weight is to stand in the file: seen in the shape `from`, its axes moved, then seen in `shape`. */
export interface Form {
  readonly from?: readonly number[];
  /** Axis i is axis `axes[i]` of what was before. */
  readonly axes?: readonly number[];
  readonly shape?: readonly number[];
}

/** What all nodes of a graph are written to. */
export interface Sheet {
  readonly graph: Graph;
  readonly draft: Draft;
  readonly places: Places;
  /** Initializers by weight and form: a layer that is used twice has them once. */
  readonly weights: Map<string, string>;
}

/** One node of the graph as it is written. Inputs are counted by their place in the node. */
export interface ExportScope {
  readonly node: Node;
  input(index: number): Value;
  readonly output: Value;
  /** 'first' where an input has that order already: whoever can work in any takes this one. */
  order(): Order;
  /** The name of an input in this order; adds a Transpose where it has not been written so before. */
  read(index: number, order: Order): string;
  /** An input whose numbers are known, as an initializer. */
  weight(index: number, form?: Form): string;
  /** An initializer of the exporter's own. */
  floats(shape: readonly number[], data: Iterable<number>): string;
  wholes(numbers: readonly number[]): string;
  emit(op: string, inputs: readonly string[], attributes?: Given): string;
  /** Says where the output is. */
  give(order: Order, name: string): void;
  /** The output is the first input, in whatever orders that has. */
  pass(): void;
  fail(rule: string): never;
}

export function exportScope({ graph, draft, places, weights }: Sheet, node: Node): ExportScope {
  const { name } = node;
  const value = (id: number | undefined): Value => graph.values[id ?? -1] as Value;
  const fail = (rule: string): never => {
    throw new OptionError(`saveOnnx: layer "${name}" (${node.op}): ${rule}`);
  };
  const placeOf = (index: number) => {
    const place = places.get(node.inputs[index] ?? -1);
    return place ?? fail(`expected input ${index} to be made from the model's inputs, got a constant`);
  };

  return Object.freeze({
    node,
    input: (index: number) => value(node.inputs[index]),
    output: value(node.outputs[0]),
    fail,

    order() {
      return node.inputs.some((id) => places.get(id)?.first !== undefined) ? 'first' : 'last';
    },

    read: (index: number, order: Order) =>
      placed(draft, placeOf(index), value(node.inputs[index]).shape.length === 3 ? order : 'last'),

    weight(index: number, form: Form = {}) {
      const { shape, data, name: base } = value(node.inputs[index]);
      if (!data) return fail(`expected input ${index} to be a constant, got a value that is computed`);
      const key = `${node.inputs[index]} ${JSON.stringify(form)}`;
      const { from = shape, axes = from.map((_, axis) => axis) } = form;
      const found = weights.get(key);
      if (found !== undefined) return found;
      const moves = axes.some((axis, i) => axis !== i);
      const moved = axes.map((axis) => from[axis] as number);
      const made = draft.tensor(base, form.shape ?? moved, moves ? permuted(data, from, axes) : data);
      weights.set(key, made);
      return made;
    },

    floats: (shape: readonly number[], data: Iterable<number>) =>
      draft.tensor(`${name}/constant`, shape, Float32Array.from(data)),
    wholes: (numbers: readonly number[]) =>
      draft.tensor(`${name}/constant`, [numbers.length], BigInt64Array.from(numbers, BigInt)),
    emit: (op: string, inputs: readonly string[], attributes?: Given) =>
      draft.node(op, name, inputs, attributes),

    give(order: Order, made: string) {
      const [id = -1] = node.outputs;
      places.set(id, { [value(id).shape.length === 3 ? order : 'last']: made });
    },

    pass() {
      // Shared, so that a Transpose added for the one is there for the other.
      places.set(node.outputs[0] ?? -1, placeOf(0));
    },
  });
}

/** The value in this order; transposed, once, where it is not there. */
export function placed(draft: Draft, place: { last?: string; first?: string }, order: Order): string {
  const found = place[order];
  if (found !== undefined) return found;
  const other = (order === 'first' ? place.last : place.first) as string;
  const perm = order === 'first' ? [0, 3, 1, 2] : [0, 2, 3, 1];
  place[order] = draft.node('Transpose', other, [other], { perm });
  return place[order];
}
