import type { Graph, Node, Value } from '../graph/graph.js';
import type { Scaled } from '../graph/scaled.js';
import type { OpId } from '../ops/index.js';
import { alive, links } from './links.js';

/** A graph while a pass rewrites it. */
export interface Draft {
  /** In their order; a node that a pass has taken out leaves a gap. */
  readonly nodes: readonly (Node | undefined)[];
  value(id: number): Value;
  /** Index of the node that makes a value now. */
  maker(id: number): number | undefined;
  /** True where nobody but one node reads a value; counted before the pass began. */
  readOnce(id: number): boolean;
  /** Puts a node in the place of another one, or nothing. */
  set(index: number, node: Node | undefined): void;
  /** A new value like another one, which a node that is set makes. */
  like(id: number): number;
  constant(name: string, shape: readonly number[], data: Float32Array | Scaled): number;
  /** Gives a value its numbers: it is made by no node any more. */
  settle(id: number, data: Float32Array): void;
  /** The graph without nodes that nobody reads any more. */
  finish(): Graph;
}

/**
 * Shows a pass the nodes in their order, as they were, and gives the graph that it makes of them. A graph with none of
 * `ops` is left alone: most graphs are one eager step.
 */
export function rewrite(
  graph: Graph,
  ops: readonly OpId[],
  visit: (node: Node, index: number, changed: Draft) => void,
): Graph {
  if (!graph.nodes.some(({ op }) => ops.includes(op))) return graph;
  const changed = draft(graph);
  graph.nodes.forEach((node, index) => {
    visit(node, index, changed);
  });
  return changed.finish();
}

export function draft(graph: Graph): Draft {
  const { producer, uses } = links(graph);
  const values = [...graph.values];
  const nodes: (Node | undefined)[] = [...graph.nodes];
  return {
    nodes,
    value: (id) => values[id] as Value,
    maker: (id) => producer.get(id),
    readOnce: (id) => uses[id] === 1,
    set(index, node) {
      nodes[index] = node;
      for (const id of node?.outputs ?? []) producer.set(id, index);
    },
    like: (id) => values.push(values[id] as Value) - 1,
    constant(name, shape, data) {
      const numbers = data instanceof Float32Array ? { data } : { scaled: data };
      return values.push({ name, shape, perSample: false, ...numbers }) - 1;
    },
    settle(id, data) {
      values[id] = { ...(values[id] as Value), data };
    },
    finish() {
      // Readers that are no longer read would keep what they read from being joined with others.
      const left = nodes.filter((node) => node !== undefined);
      return { ...graph, values, nodes: alive(left, graph.outputs) };
    },
  };
}
