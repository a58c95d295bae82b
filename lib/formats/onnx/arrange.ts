import { inOrder } from '../order.js';
import type { Fail } from '../safetensors.js';
import type { ReadContext } from './context.js';
import { expand } from './expand.js';
import type { OnnxFile, OnnxNode } from './file.js';
import type { RawFunction, RawGraph } from './raw.js';

/** A graph of plain nodes, in an order in which they can run, each with a name of its own. */
export function arrange(
  graph: RawGraph,
  functions: readonly RawFunction[],
  opset: number,
  context: ReadContext,
  fail: Fail,
): Pick<OnnxFile, 'name' | 'nodes' | 'initializers' | 'inputs' | 'outputs'> {
  const { nodes, initializers } = expand(graph, functions, opset, context, fail);
  return { ...graph, nodes: named(inOrder(nodes, fail)), initializers };
}

/** Nodes without a name, and those with that of another, get `<op>_<n>`. */
function named(nodes: readonly OnnxNode[]): readonly OnnxNode[] {
  const taken = new Set(nodes.map(({ name }) => name));
  const kept = new Set(['']);
  const counts = new Map<string, number>();
  return nodes.map((node) => {
    if (!kept.has(node.name)) {
      kept.add(node.name);
      return node;
    }
    let name: string;
    let count = counts.get(node.op) ?? 0;
    do name = `${node.op}_${++count}`;
    while (taken.has(name));
    counts.set(node.op, count);
    return { ...node, name };
  });
}
