import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { Activated, Activation } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';

/**
 * Arithmetic with one number becomes the function that it is: clip(x, 0, b) -> relu with a limit, maximum and minimum
 * -> clip, prelu with one slope -> leaky relu, x to the power 2 -> x x. Functions can join the op before them.
 */
export function simplify(graph: Graph): Graph {
  return rewrite(graph, ['unary', 'binary'], (node, index, changed) => {
    const simple =
      node.op === 'unary' ? clipped(node) : node.op === 'binary' ? ofNumber(node, changed) : undefined;
    if (simple) changed.set(index, { ...node, ...simple });
  });
}

type Changes = Partial<Node>;

/** relu instead of a clip that begins at 0. */
function clipped({ attributes }: Node): Changes | undefined {
  const { activation, alpha = 0, beta = 0 } = attributes as Activated;
  return activation === 'clip' && alpha === 0 ? { attributes: unary('relu', 0, beta) } : undefined;
}

function unary(activation: Activation, alpha: number, beta: number): object {
  return attributesOf(activation === 'relu' ? { activation, beta } : { activation, alpha, beta });
}

function ofNumber(node: Node, changed: Draft): Changes | undefined {
  const { kind } = node.attributes as { kind: string };
  const commutes = kind === 'minimum' || kind === 'maximum';
  const [x, k] = withNumber(node, changed, commutes) ?? [];
  if (x === undefined || k === undefined || Number.isNaN(k) || !isLinear(node)) return undefined;
  if (kind === 'power' && k === 2) return { attributes: attributesOf({ kind: 'multiply' }), inputs: [x, x] };
  if (kind === 'prelu') {
    return { op: 'unary', attributes: attributesOf({ activation: 'leakyrelu', alpha: k }), inputs: [x] };
  }
  if (!commutes) return undefined;
  const { from, low, high } = rangeOf(x, changed);
  if (kind === 'maximum' ? k > high : k < low) return undefined;
  const range: [number, number] = kind === 'maximum' ? [Math.max(low, k), high] : [low, Math.min(high, k)];
  return { op: 'unary', attributes: unary(range[0] === 0 ? 'relu' : 'clip', ...range), inputs: [from] };
}

/** The flowing operand and the number that meets it, where the result has the operand's shape. */
export function withNumber(
  { op, inputs, outputs }: Node,
  { value }: Draft,
  commutes: boolean,
): [x: number, k: number] | undefined {
  if (op !== 'binary') return undefined;
  const [a = 0, b = 0] = inputs;
  const [x, constant] = commutes && value(a).data ? [b, a] : [a, b];
  const { data } = value(constant);
  if (data?.length !== 1 || value(x).data) return undefined;
  return sameShape(value(x).shape, value(outputs[0] as number).shape) ? [x, data[0] as number] : undefined;
}

/** What `id` is clipped to already, and where it comes from. */
function rangeOf(id: number, { maker, nodes }: Draft): { from: number; low: number; high: number } {
  const at = maker(id);
  const node = at === undefined ? undefined : nodes[at];
  const { activation, alpha = 0, beta = 0 } = (node?.attributes ?? {}) as Activated;
  if (node?.op === 'unary' && (activation === 'clip' || activation === 'relu')) {
    const low = activation === 'relu' ? 0 : alpha;
    if (low <= beta) return { from: node.inputs[0] as number, low, high: beta };
  }
  return { from: id, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
}
