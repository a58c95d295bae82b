import type { Graph, Node } from '../graph/graph.js';
import type { Pool2dAttributes } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { isLinear } from './fuse-activation.js';
import { alive } from './links.js';

/**
 * Takes out what computes nothing: nodes whose outputs nobody reads, reshapes to the shape that is already there
 * (dropout at inference is one), elementwise steps without a function and windows of one cell.
 */
export function prune(graph: Graph): Graph {
  const replaced = new Map<number, number>();
  const now = (id: number): number => replaced.get(id) ?? id;
  const kept: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(now);
    const [from, to] = [inputs[0], node.outputs[0]];
    if (from !== undefined && to !== undefined && isIdentity(graph, node)) replaced.set(to, from);
    else kept.push({ ...node, inputs });
  }
  const outputs = graph.outputs.map(now);
  return { ...graph, nodes: alive(kept, outputs), outputs };
}

/** Every cell on its own, as adaptive pooling to the size that is there becomes. */
function isPoint({ poolSize, strides, padding }: Pool2dAttributes): boolean {
  return [...poolSize, ...strides].every((cells) => cells === 1) && padding.every((cells) => cells === 0);
}

function isIdentity({ values }: Graph, node: Node): boolean {
  if (node.op === 'unary') return isLinear(node);
  if (node.op === 'averagepool2d' || node.op === 'maxpool2d')
    return isPoint(node.attributes as Pool2dAttributes);
  if (node.op !== 'reshape') return false;
  const [from, to] = [values[node.inputs[0] as number], values[node.outputs[0] as number]];
  return from !== undefined && to !== undefined && sameShape(from.shape, to.shape);
}
