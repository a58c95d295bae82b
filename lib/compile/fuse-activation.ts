import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { Activated } from '../ops/activation.js';
import type { CopyAttributes, OpId } from '../ops/index.js';
import { links } from './links.js';

/** Ops with an activation in their epilogue. */
const activated: ReadonlySet<OpId> = new Set<OpId>([
  'conv2d',
  'depthwise2d',
  'convtranspose2d',
  'matmul',
  'scale',
  'batchnorm',
  'binary',
]);

/** True while no activation stands between an op's sums and its output. */
export function isLinear(node: Node): boolean {
  return ((node.attributes as Activated).activation ?? 'none') === 'none';
}

const moving: ReadonlySet<string> = new Set(['permute', 'upsample', 'expand', 'tile']);

function keepsNumbers({ op, attributes }: Node): boolean {
  return op === 'reshape' || (op === 'copy' && moving.has((attributes as CopyAttributes).kind));
}

/**
 * Moves an elementwise function into the epilogue of the op before it, which spares one pass over memory. Only
 * where nobody else reads the value between them; a reshape between them changes nothing and may stay there, and so may
 * a copy that moves or repeats numbers.
 */
export function fuseActivation(graph: Graph): Graph {
  const { producer, uses } = links(graph);
  const nodes: (Node | undefined)[] = [...graph.nodes];

  /** Index of the activated op whose numbers reach `id` as they are, read once all along the way. */
  const source = (id: number): number | undefined => {
    for (let at = id; uses[at] === 1; ) {
      const index = producer.get(at);
      const node = index === undefined ? undefined : nodes[index];
      if (!node || !keepsNumbers(node)) {
        return node && activated.has(node.op) && isLinear(node) ? index : undefined;
      }
      at = node.inputs[0] as number;
    }
    return undefined;
  };

  graph.nodes.forEach((node, index) => {
    if (node.op !== 'unary') return;
    const [from, to] = [node.inputs[0] as number, node.outputs[0] as number];
    const target = source(from);
    if (target === undefined) return;
    const linear = nodes[target] as Node;
    nodes[target] = { ...linear, attributes: attributesOf(linear.attributes, node.attributes) };
    const last = producer.get(from) as number;
    nodes[last] = { ...(nodes[last] as Node), outputs: [to] };
    nodes[index] = undefined;
    producer.set(to, last);
  });
  return { ...graph, nodes: nodes.filter((node) => node !== undefined) };
}
