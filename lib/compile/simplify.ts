import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { Activated, Activation, CopyAttributes } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';

/**
 * Arithmetic with one number becomes the function that it is: clip(x, 0, b) -> relu with a limit, maximum and minimum
 * -> clip, prelu with one slope -> leaky relu, x to the power 2 -> x x. Functions can join the op before them. What changes
 * nothing, such as x * 1, is left out, and so are copies that broadcasting makes as well; slices of slices are taken at
 * once.
 */
export function simplify(graph: Graph): Graph {
  return rewrite(graph, ['unary', 'binary', 'copy'], (node, index, changed) => {
    const simple = rules[node.op]?.(node, changed);
    if (simple) changed.set(index, { ...node, ...simple });
  });
}

type Changes = Partial<Node>;

const rules: Readonly<Record<string, ((node: Node, changed: Draft) => Changes | undefined) | undefined>> = {
  unary: clipped,
  binary: ofBinary,
  copy: slicedAtOnce,
};

/** A slice of a slice is one of what that is made of. */
function slicedAtOnce({ attributes, inputs, repeat }: Node, { maker, nodes }: Draft): Changes | undefined {
  const at = maker(inputs[0] as number);
  const from = at === undefined ? undefined : nodes[at];
  const [inner, outer] = [from?.attributes, attributes] as [CopyAttributes | undefined, CopyAttributes];
  if (from?.op !== 'copy' || inner?.kind !== 'slice' || outer.kind !== 'slice') return undefined;
  if (from.repeat !== repeat) return undefined;
  const stepOf = ({ step }: { readonly step?: readonly number[] }, axis: number): number => step?.[axis] ?? 1;
  return {
    attributes: attributesOf({
      kind: 'slice',
      begin: outer.begin.map((first, axis) => (inner.begin[axis] as number) + stepOf(inner, axis) * first),
      size: outer.size,
      step: outer.size.map((_, axis) => stepOf(inner, axis) * stepOf(outer, axis)),
    }),
    inputs: from.inputs,
  };
}

/** relu instead of a clip that begins at 0. */
function clipped({ attributes }: Node): Changes | undefined {
  const { activation, alpha = 0, beta = 0 } = attributes as Activated;
  return activation === 'clip' && alpha === 0 ? { attributes: unary('relu', 0, beta) } : undefined;
}

function unary(activation: Activation, alpha: number, beta: number): object {
  return attributesOf(activation === 'relu' ? { activation, beta } : { activation, alpha, beta });
}

function ofBinary(node: Node, changed: Draft): Changes | undefined {
  return neutral(node, changed) ?? ofNumber(node, changed) ?? unexpanded(node, changed);
}

/** The second operand that leaves the first as it is; where operands may change places, the first as well. */
const neutrals: Readonly<
  Record<string, { readonly number: number; readonly commutes: boolean } | undefined>
> = {
  add: { number: 0, commutes: true },
  subtract: { number: 0, commutes: false },
  multiply: { number: 1, commutes: true },
  divide: { number: 1, commutes: false },
  power: { number: 1, commutes: false },
};

function neutral(node: Node, { value }: Draft): Changes | undefined {
  const { number, commutes } = neutrals[(node.attributes as { kind: string }).kind] ?? {};
  if (number === undefined) return undefined;
  const [a = 0, b = 0] = node.inputs;
  const [x, constant] = commutes && value(a).data ? [b, a] : [a, b];
  if (!value(constant).data?.every((one) => one === number) || value(x).data) return undefined;
  if (!sameShape(value(x).shape, value(node.outputs[0] as number).shape)) return undefined;
  const { activation = 'none', alpha = 0, beta = 0 } = node.attributes as Activated;
  return { op: 'unary', attributes: unary(activation, alpha, beta), inputs: [x] };
}

/** The operands before they were expanded, where the result has the same shape all the same. */
function unexpanded(node: Node, { value, maker, nodes }: Draft): Changes | undefined {
  if (node.repeat !== undefined) return undefined;
  const sources = node.inputs.map((id) => {
    const at = maker(id);
    const from = at === undefined ? undefined : nodes[at];
    const expands = from?.op === 'copy' && (from.attributes as CopyAttributes).kind === 'expand';
    return expands && from.repeat === undefined ? (from.inputs[0] as number) : id;
  });
  const { shape } = value(node.outputs[0] as number);
  const keeps = (inputs: readonly number[]): boolean =>
    sameShape(broadcast(inputs.map((id) => value(id).shape)), shape);
  const [a = 0, b = 0] = sources;
  const ways = [sources, [a, node.inputs[1] ?? 0], [node.inputs[0] ?? 0, b]];
  const inputs = ways.find((way) => way.some((id, i) => id !== node.inputs[i]) && keeps(way));
  return inputs && { inputs };
}

/** The shape of a result of operands that fit together. */
function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
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
