import type { Graph, Node } from '../graph/graph.js';

/** Who makes and who reads each value: what every pass asks a graph. */
export interface Links {
  /** Index of the node that makes a value; undefined for inputs and constants. */
  readonly producer: Map<number, number>;
  /** How often a value is read, by nodes and as an output of the graph. */
  readonly uses: readonly number[];
}

export function links(graph: Graph): Links {
  const producer = new Map<number, number>();
  const uses = new Array<number>(graph.values.length).fill(0);
  const read = (id: number): void => {
    uses[id] = (uses[id] ?? 0) + 1;
  };
  graph.nodes.forEach((node, index) => {
    for (const id of node.outputs) producer.set(id, index);
    node.inputs.forEach(read);
  });
  graph.outputs.forEach(read);
  return { producer, uses };
}

/** Nodes that reach an output, in their order. */
export function alive(nodes: readonly Node[], outputs: readonly number[]): Node[] {
  const wanted = new Set(outputs);
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((id) => wanted.has(id))) return false;
      for (const id of node.inputs) wanted.add(id);
      return true;
    })
    .reverse();
}
