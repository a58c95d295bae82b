import type { Graph, Node } from '../graph/graph.js';
import type { KernelId } from '../ops/index.js';

/** A node that computes something. */
export interface KernelNode extends Node {
  readonly op: KernelId;
}

/** A graph without `reshape`: what such a node gives is the memory of another value, `root` says whose. */
export interface Aliased {
  readonly nodes: readonly KernelNode[];
  root(id: number): number;
}

export function aliases(graph: Graph): Aliased {
  const roots = new Map<number, number>();
  const root = (id: number): number => roots.get(id) ?? id;
  const nodes = graph.nodes.filter((node): node is KernelNode => {
    if (node.op !== 'reshape') return true;
    roots.set(node.outputs[0] as number, root(node.inputs[0] as number));
    return false;
  });
  return { nodes, root };
}
