import type { Graph, Value } from '../graph/graph.js';
import type { Conv2dAttributes } from '../ops/conv2d.js';
import { sizeOf } from '../tensor.js';
import type { Aliased, KernelNode } from './aliases.js';

/** Steps that may run together at most: each adds rows that neighbouring strips both need. */
const mostSteps = 4;

/** Floats from which on a value leaves the second cache (512 KiB) before it is read again. */
const largeValue = 1 << 17;

/** Floats of the weights of one step, at most: each strip reads them again, and they should find room beside it. */
const mostWeights = 1 << 15;

/** The nodes [first, last], by their numbers. */
export interface Strip {
  readonly first: number;
  readonly last: number;
}

/**
 * Runs of convolutions and max poolings that may go through an image together, a few rows at a time: a large value between two of them,
 * which nothing else reads, then never leaves the cache. Of all ways to cut such runs the one is taken where the least
 * is left between the pieces. For each node the strip that it belongs to; most are alone.
 */
export function strips(graph: Graph, { nodes, root }: Aliased): readonly Strip[] {
  const uses = new Map<number, number>();
  const reads = [...nodes.flatMap((node) => node.inputs), ...graph.outputs];
  for (const id of reads) uses.set(root(id), (uses.get(root(id)) ?? 0) + 1);
  const value = (id: number): Value => graph.values[id] as Value;
  const sizeAfter = (node: KernelNode): number => sizeOf(value(node.outputs[0] as number).shape);
  const joined = (before: KernelNode, node: KernelNode): boolean =>
    before.outputs[0] === node.inputs[0] &&
    uses.get(before.outputs[0] as number) === 1 &&
    sizeAfter(before) >= largeValue;

  const result: Strip[] = nodes.map((_, at) => ({ first: at, last: at }));
  for (let begin = 0, end = 1; begin < nodes.length; begin = end, end++) {
    if (!slides(graph, nodes[begin] as KernelNode, true)) continue;
    while (
      end < nodes.length &&
      slides(graph, nodes[end] as KernelNode, false) &&
      joined(nodes[end - 1] as KernelNode, nodes[end] as KernelNode)
    )
      end++;
    for (const strip of pieces(begin, nodes.slice(begin, end).map(sizeAfter)))
      for (let at = strip.first; at <= strip.last; at++) result[at] = strip;
  }
  return result;
}

/** Can the node's rows be made a few at a time, as those of the first one or behind another? */
function slides(graph: Graph, node: KernelNode, first: boolean): boolean {
  if (node.repeat !== undefined) return false;
  if (node.op === 'maxpool2d') return true;
  if (node.op !== 'conv2d' && node.op !== 'depthwise2d') return false;
  const weights = graph.values[node.inputs[1] as number] as Value;
  const size = sizeOf(weights.shape);
  if (!(weights.data ?? weights.scaled) || size > mostWeights) return false;
  if (node.op === 'depthwise2d') return true;
  // Others may choose their algorithm by the height of the image.
  const { strides, kernelOrder, pool } = node.attributes as Conv2dAttributes;
  if (pool) return false;
  const [kh, kw] = kernelOrder === 'oihw' ? weights.shape.slice(2) : weights.shape;
  const residual = node.inputs.length > 3;
  return (kh === 1 && kw === 1) || (first && strides[0] > 1 && !residual);
}

/** Cuts a run of nodes from `begin` on into strips; `sizes` are those of the values behind each of them. */
function pieces(begin: number, sizes: readonly number[]): Strip[] {
  const left = [0];
  const lengths: number[] = [];
  for (let end = 1; end <= sizes.length; end++) {
    let best = { cost: Number.POSITIVE_INFINITY, length: 1 };
    for (let length = 1; length <= Math.min(mostSteps, end); length++) {
      const cost = (left[end - length] as number) + (sizes[end - 1] as number);
      if (cost < best.cost) best = { cost, length };
    }
    left.push(best.cost);
    lengths.push(best.length);
  }
  const result: Strip[] = [];
  for (let end = sizes.length; end > 0; end -= lengths[end - 1] as number) {
    result.push({ first: begin + end - (lengths[end - 1] as number), last: begin + end - 1 });
  }
  return result;
}
