import type { Pair, Sides, Window } from '../geometry.js';
import { span } from '../geometry.js';
import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { AveragePool2dAttributes, CopyAttributes, Pool2dAttributes } from '../ops/index.js';
import { type Draft, rewrite } from './draft.js';

/**
 * Padding of height and width becomes that of the window behind it, where that gives the same: zeros before a
 * convolution, -Infinity before a maximum (or zeros before a maximum of what is never negative), zeros before a mean
 * that counts its padding.
 */
export function foldPad(graph: Graph): Graph {
  return rewrite(graph, ['copy'], (node, index, changed) => {
    const at = changed.maker(node.inputs[0] as number);
    const pad = at === undefined ? undefined : changed.nodes[at];
    if (pad?.op !== 'copy') return;
    const sides = sidesOf(pad.attributes as CopyAttributes);
    if (!sides) return;
    const attributes = padded(node, sides, pad, changed);
    if (attributes)
      changed.set(index, { ...node, attributes, inputs: pad.inputs.concat(node.inputs.slice(1)) });
  });
}

interface Padding {
  readonly sides: Sides;
  readonly value: number;
}

/** Padding of the two axes before the channels alone. */
function sidesOf(attributes: CopyAttributes): Padding | undefined {
  if (attributes.kind !== 'pad') return undefined;
  const { pads, value } = attributes;
  const [vertical, horizontal, channels] = pads.slice(-3) as [Pair?, Pair?, Pair?];
  if (!vertical || !horizontal || !channels) return undefined;
  if ([...pads.slice(0, -3), channels].some(([before, after]) => before > 0 || after > 0)) return undefined;
  return { sides: [...vertical, ...horizontal], value };
}

/** The attributes of the node with the padding in them. */
function padded(node: Node, { sides, value }: Padding, pad: Node, changed: Draft): object | undefined {
  const { padding } = node.attributes as Window;
  const sum = padding?.map((cells, side) => cells + (sides[side] as number)) as unknown as Sides;
  const zero = Object.is(value, 0) || Object.is(value, -0);
  if (node.op === 'conv2d' || node.op === 'depthwise2d') {
    return zero ? attributesOf(node.attributes, { padding: sum }) : undefined;
  }
  if (node.op !== 'maxpool2d' && node.op !== 'averagepool2d') return undefined;
  const { poolSize, dilations, ceilMode } = node.attributes as Pool2dAttributes;
  // A last window that reaches over the end may begin in real padding, but not in what was put there before.
  if (ceilMode || !sum.every((cells, side) => cells < span(poolSize[side >> 1] as number, 1)))
    return undefined;
  if (node.op === 'averagepool2d') {
    const { includePadding } = node.attributes as AveragePool2dAttributes;
    const counted = includePadding || padding.every((cells) => cells === 0);
    return zero && counted
      ? attributesOf(node.attributes, { padding: sum, includePadding: true })
      : undefined;
  }
  // Every window holds a cell of the picture where none is dilated, and padding is smaller than the window.
  const harmless =
    value === Number.NEGATIVE_INFINITY ||
    (zero && dilations.every((d) => d === 1) && isNonNegative(pad.inputs[0] as number, changed));
  return harmless ? attributesOf(node.attributes, { padding: sum }) : undefined;
}

/** True for what an activation without negative values gives. */
function isNonNegative(id: number, changed: Draft): boolean {
  const at = changed.maker(id);
  const node = at === undefined ? undefined : changed.nodes[at];
  const { activation, beta = 0 } = (node?.attributes ?? {}) as { activation?: string; beta?: number };
  return activation === 'sigmoid' || activation === 'hardsigmoid' || (activation === 'relu' && beta >= 0);
}
