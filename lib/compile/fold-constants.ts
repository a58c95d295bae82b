import type { Graph, Node } from '../graph/graph.js';
import { sizeOf } from '../tensor.js';
import { draft } from './draft.js';
import { evaluate } from './evaluate.js';

/** Floats that a graph may make of its constants, beside four times what it brings along: 64 MiB. */
const allowance = 16 * 2 ** 20;

/**
 * Nodes that read constants alone become constants. What that makes is bounded, so that a file of a few bytes
 * cannot ask for gigabytes at load; nodes beyond it stay, and share memory with the others as ever.
 */
export function foldConstants(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.inputs.every((id) => graph.values[id]?.data))) return graph;
  const changed = draft(graph);
  let budget = graph.values.reduce((sum, { data }) => sum + 4 * (data?.length ?? 0), allowance);

  const fold = (node: Node): boolean => {
    const inputs = node.inputs.map((id) => changed.value(id));
    const known = inputs.flatMap(({ shape, data }) => (data ? [{ shape, data }] : []));
    const [first] = known;
    if (!first || known.length < inputs.length) return false;
    if (node.op === 'reshape') {
      changed.settle(node.outputs[0] as number, first.data);
      return true;
    }
    const size = node.outputs.reduce((sum, id) => sum + sizeOf(changed.value(id).shape), 0);
    if (size > budget) return false;
    budget -= size;
    const results = evaluate(node.op, node.attributes, known);
    node.outputs.forEach((id, i) => {
      changed.settle(id, results[i]?.data as Float32Array);
    });
    return true;
  };

  graph.nodes.forEach((node, index) => {
    if (fold(node)) changed.set(index, undefined);
  });
  return changed.finish();
}
