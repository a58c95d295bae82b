import type { Graph, Node } from '../graph/graph.js';
import type { CopyAttributes, ReduceAttributes } from '../ops/index.js';
import { isNatural, natural, type Order } from './orders.js';

/** Ops that take any order and give it on. */
const flowing: ReadonlySet<string> = new Set([
  ...['unary', 'binary', 'where', 'concat', 'softmax', 'normalize', 'resample'],
  ...['scale', 'batchnorm', 'lrn', 'reduce', 'copy'],
]);

/** Copies that do not care which axis is which. */
const moving: ReadonlySet<string> = new Set(['pad', 'slice', 'expand', 'tile']);

/**
 * For each value the order in which the first of its readers that has a wish wants it, looking through what takes any
 * order. It decides where two orders cost the same now: one of them may spare a step later.
 */
export function wantedOrders({ values, nodes, outputs }: Graph): readonly (Order | undefined)[] {
  const wanted = new Array<Order | undefined>(values.length).fill(undefined);
  const rank = (id: number): number => values[id]?.shape.length ?? 0;
  for (const id of outputs) wanted[id] = natural(rank(id));
  for (const node of nodes.toReversed()) {
    const to = node.outputs[0] as number;
    const order = flowing.has(node.op) ? through(node, wanted[to]) : undefined;
    for (const id of node.inputs) {
      if (order?.length === rank(id)) wanted[id] = order;
      else if (!flowing.has(node.op) && node.op !== 'reshape') wanted[id] = natural(rank(id));
    }
  }
  return wanted;
}

/** The order that the inputs of a node should have, so that its output has `order`. */
function through(node: Node, order: Order | undefined): Order | undefined {
  if (node.op === 'copy') {
    const attributes = node.attributes as CopyAttributes;
    if (attributes.kind === 'permute') {
      const axes = permutation(attributes.axes, node.repeat);
      return order?.map((axis) => axes[axis] as number);
    }
    return moving.has(attributes.kind) ? order : undefined;
  }
  if (node.op === 'reduce') return (node.attributes as ReduceAttributes).keepDims ? order : undefined;
  return order;
}

/** The axes of a permutation, that of the items counted. */
export function permutation(axes: readonly number[], repeat: number | undefined): readonly number[] {
  return repeat === undefined ? axes : [0, ...axes.map((axis) => axis + 1)];
}

/** True where a wish differs from the declared order. */
export function isWish(order: Order | undefined): order is Order {
  return order !== undefined && !isNatural(order);
}
