import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { NormalizeAttributes, ReduceAttributes } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';
import { type Reader, reader } from './reader.js';

/**
 * Normalisations spelled in their means become one step: (x - m) / sqrt(v + epsilon), with the root and the division in
 * any of their forms, and x s + (b - m s) with s = w / sqrt(v + epsilon), where m is the mean of x and v that of
 * (x - m)^2 over the same axes.
 */
export function recogniseNormalizations(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => op === 'reduce')) return graph;
  return rewrite(graph, ['binary'], (node, index, changed) => {
    if (node.op !== 'binary' || !isLinear(node)) return;
    const read = reader(changed);
    const y = node.outputs[0] as number;
    const found = quotientOf(y, read);
    if (found && sameShape(changed.value(found.x).shape, changed.value(y).shape)) {
      changed.set(index, normalize(node, found, y));
      return;
    }
    const spread = spreadOf(y, read, changed);
    if (spread) reorder(node, index, spread, changed);
  });
}

interface Found {
  readonly x: number;
  readonly attributes: NormalizeAttributes;
}

function normalize(node: Node, { x, attributes }: Found, y: number): Node {
  return { ...node, op: 'normalize', attributes: attributesOf(attributes), inputs: [x], outputs: [y] };
}

/** What a value normalises, where it is (x - m) / sqrt(v + epsilon). */
function quotientOf(id: number, read: Reader): Found | undefined {
  const [above, below] = read.operands(id, 'divide') ?? [];
  const root = below === undefined ? undefined : read.argument(below, 'sqrt');
  if (above !== undefined && root !== undefined) return centredOver(above, root, read);
  const [a, b] = read.operands(id, 'multiply') ?? [];
  for (const [centred, factor] of [
    [a, b],
    [b, a],
  ]) {
    const variance = factor === undefined ? undefined : inverseRootOf(factor, read);
    const found =
      centred !== undefined && variance !== undefined ? centredOver(centred, variance, read) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** v of 1 / sqrt(v) */
function inverseRootOf(id: number, read: Reader): number | undefined {
  const root = read.argument(id, 'reciprocal');
  return root === undefined ? undefined : read.argument(root, 'sqrt');
}

function centredOver(id: number, shifted: number, read: Reader): Found | undefined {
  const variance = varianceOf(shifted, read);
  const centred = centredOf(id, read);
  if (!variance || !centred || !sameMean(variance, centred, read)) return undefined;
  return variance.found;
}

interface Centred {
  readonly x: number;
  readonly mean: number;
}

/** x - mean(x) */
function centredOf(id: number, read: Reader): Centred | undefined {
  const [x, mean] = read.operands(id, 'subtract') ?? [];
  if (x === undefined || mean === undefined) return undefined;
  return meanOf(mean, read)?.x === x ? { x, mean } : undefined;
}

interface Mean {
  readonly x: number;
  readonly axes: readonly number[];
}

function meanOf(id: number, read: Reader): Mean | undefined {
  const node = read.made(id);
  if (node?.op !== 'reduce' || node.repeat !== undefined) return undefined;
  const { kind, axes, keepDims } = node.attributes as ReduceAttributes;
  return kind === 'mean' && keepDims ? { x: node.inputs[0] as number, axes } : undefined;
}

/** The same value, or means of the same value over the same axes. */
function sameMean(a: Centred, b: Centred, read: Reader): boolean {
  if (a.x !== b.x) return false;
  const [p, q] = [meanOf(a.mean, read), meanOf(b.mean, read)];
  return p !== undefined && q !== undefined && `${p.axes}` === `${q.axes}`;
}

/** mean((x - m)^2) + epsilon */
function varianceOf(id: number, read: Reader): (Centred & { readonly found: Found }) | undefined {
  const { x: squares, number: epsilon } = read.shifted(id) ?? {};
  const mean = squares === undefined ? undefined : meanOf(squares, read);
  const [a, b] = (mean && read.operands(mean.x, 'multiply')) ?? [];
  if (!mean || a === undefined || b === undefined || epsilon === undefined || !(epsilon >= 0))
    return undefined;
  const [p, q] = [centredOf(a, read), centredOf(b, read)];
  if (!p || !q || !sameMean(p, q, read)) return undefined;
  if (`${meanOf(p.mean, read)?.axes}` !== `${mean.axes}`) return undefined;
  return { ...p, found: { x: p.x, attributes: { axes: mean.axes, epsilon } } };
}

/** x s + (b - m s): the two summands, and w and b where s = w / sqrt(v + epsilon). */
interface Spread {
  readonly found: Found;
  readonly product: number;
  readonly shift: number;
  readonly weights: number | undefined;
  readonly bias: number;
}

function spreadOf(id: number, read: Reader, changed: Draft): Spread | undefined {
  const [a, b] = read.operands(id, 'add') ?? [];
  for (const [product, shift] of [
    [a, b],
    [b, a],
  ]) {
    if (product === undefined || shift === undefined) continue;
    const [bias, meanPart] = read.operands(shift, 'subtract') ?? [];
    const factors = read.operands(product, 'multiply');
    const others = meanPart === undefined ? undefined : read.operands(meanPart, 'multiply');
    if (bias === undefined || !changed.value(bias).data || !factors || !others) continue;
    const s = factors.find((one) => others.includes(one));
    if (s === undefined || !changed.readOnce(product) || !changed.readOnce(shift)) continue;
    const [x, mean] = [factors, others].map(([p, q]) => (p === s ? q : p)) as [number, number];
    const found = scaleOf(s, { x, mean }, read, changed);
    const shape = changed.value(id).shape;
    if (
      !found ||
      !sameShape(changed.value(x).shape, shape) ||
      !sameShape(changed.value(product).shape, shape)
    )
      continue;
    return { ...found, product, shift, bias };
  }
  return undefined;
}

/** s as w / sqrt(v + epsilon) or 1 / sqrt(v + epsilon), v being the variance of x around that mean. */
function scaleOf(
  s: number,
  centred: Centred,
  read: Reader,
  changed: Draft,
): Pick<Spread, 'found' | 'weights'> | undefined {
  const [p, q] = read.operands(s, 'multiply') ?? [s, undefined];
  const [weights, inverse] = changed.value(p).data ? [p, q] : [q, p];
  if (inverse === undefined || (weights !== undefined && !changed.value(weights).data)) return undefined;
  const root = inverseRootOf(inverse, read);
  const variance = root === undefined ? undefined : varianceOf(root, read);
  return variance && sameMean(variance, centred, read) ? { found: variance.found, weights } : undefined;
}

/** Three steps in the places of the sum and of its summands: normalize, times w, plus b. */
function reorder(
  node: Node,
  index: number,
  { found, product, shift, weights, bias }: Spread,
  changed: Draft,
): void {
  const [first, second] = [product, shift].map((id) => changed.maker(id) as number).sort((a, b) => a - b) as [
    number,
    number,
  ];
  const y = node.outputs[0] as number;
  const [normal, scaled] = [changed.like(y), changed.like(y)];
  changed.set(first, normalize(node, found, normal));
  const factor = weights === undefined ? undefined : [normal, weights];
  changed.set(
    second,
    factor && { ...node, attributes: attributesOf({ kind: 'multiply' }), inputs: factor, outputs: [scaled] },
  );
  changed.set(index, { ...node, inputs: [factor ? scaled : normal, bias] });
}
