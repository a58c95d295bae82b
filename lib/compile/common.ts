import type { Graph, Node } from '../graph/graph.js';
import type { Attributes } from '../ops/op.js';

/** Nodes that compute the same from the same become one; so do constants that share their numbers. */
export function shareCommon(graph: Graph): Graph {
  if (graph.nodes.length < 2) return graph;
  const same = new Map<number, number>();
  const now = (id: number): number => same.get(id) ?? id;
  joinConstants(graph, same);
  const known = new Map<string, Node>();
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(now);
    const key = `${node.op} ${node.repeat} ${inputs} ${written(node.attributes)}`;
    const twin = known.get(key);
    if (!twin) {
      known.set(key, node);
      return [{ ...node, inputs }];
    }
    node.outputs.forEach((id, i) => {
      same.set(id, twin.outputs[i] as number);
    });
    return [];
  });
  return { ...graph, nodes, outputs: graph.outputs.map(now) };
}

/** By the array they share; comparing millions of numbers would cost more than it spares. */
function joinConstants({ values }: Graph, same: Map<number, number>): void {
  const known = new Map<Float32Array, Map<string, number>>();
  values.forEach(({ shape, data }, id) => {
    if (!data) return;
    const shapes = known.get(data) ?? new Map<string, number>();
    known.set(data, shapes);
    const twin = shapes.get(`${shape}`);
    if (twin === undefined) shapes.set(`${shape}`, id);
    else same.set(id, twin);
  });
}

/** JSON that keeps what JSON has no word for: infinities, NaN and -0. */
function written(attributes: Attributes): string {
  return JSON.stringify(attributes, (_, value) =>
    typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value))
      ? `${Object.is(value, -0) ? '-0' : value}`
      : value,
  );
}
