import type { Graph, Node } from '../graph/graph.js';
import { multiplied } from '../graph/scaled.js';
import type { MatmulAttributes } from '../ops/index.js';
import { type Affine, affineOf, affineOps, isFinite32 } from './affine.js';
import { type Draft, rewrite } from './draft.js';
import { isOutFirst } from './fold-affine.js';
import { isLinear } from './fuse-activation.js';

/**
 * A step y = x * a + b per channel goes into the weights and the bias of the op that reads it (computed in float64):
 * the mean and the deviation of pictures, a batch normalisation between a sum and a convolution. Only where the
 * op is its only reader; padding adds zeros after that step, so with padding b has to be 0.
 */
export function foldBefore(graph: Graph): Graph {
  return rewrite(graph, affineOps, (node, index, changed) => {
    const [x] = node.inputs;
    const at = x === undefined || !changed.readOnce(x) ? undefined : changed.maker(x);
    const before = at === undefined ? undefined : changed.nodes[at];
    const read = before && isLinear(before) ? readingOf(node, changed) : undefined;
    const affine = read && affineOf(before as Node, changed.value);
    if (!affine || !read || at === undefined) return;
    if (!read.bare && affine.shift.some((shift) => shift !== 0)) return;
    const inputs = folded(node, read, affine, changed);
    if (!inputs) return;
    changed.set(index, { ...node, inputs });
    changed.set(at, undefined);
  });
}

/** Weights as [cells, inputs, outputs] or, `outFirst`, as [outputs, inputs, cells]; `inputs` are those of one group. */
interface Reading {
  readonly cells: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly outFirst: boolean;
  /** Without padding. */
  readonly bare: boolean;
}

function readingOf({ op, inputs: [x, weights], attributes }: Node, { value }: Draft): Reading | undefined {
  if (weights === undefined) return undefined;
  const { shape, data, scaled } = value(weights);
  if (!data && !scaled) return undefined;
  const [p = 1, q = 1, r = 1, s = 1] = shape;
  const { padding, groups = 1 } = attributes as { padding?: readonly number[]; groups?: number };
  const { transposeA, transposeB } = attributes as MatmulAttributes;
  const rest = { groups, outFirst: false, bare: padding?.every((cells) => cells === 0) ?? true };
  if ((op === 'conv2d' || op === 'depthwise2d') && isOutFirst(attributes)) {
    const channels = value(x as number).shape.at(-1) as number;
    return { ...rest, groups: channels / q, outputs: p, inputs: q, cells: r * s, outFirst: true };
  }
  if (op === 'conv2d') return { ...rest, cells: p * q, inputs: r, outputs: s };
  if (op === 'depthwise2d') return { ...rest, cells: p * q, inputs: 1, outputs: r * s, groups: r };
  if (op !== 'matmul' || shape.length !== 2 || transposeA) return undefined;
  if (transposeB) return { ...rest, outputs: p, inputs: q, cells: 1, outFirst: true };
  return { ...rest, cells: 1, inputs: p, outputs: q };
}

/** The inputs of the node with the factors in its weights. */
function folded(
  node: Node,
  read: Reading,
  { x, scale, shift }: Affine,
  changed: Draft,
): number[] | undefined {
  const [, weights = 0, bias, ...others] = node.inputs;
  const { shape, scaled, data = scaled && multiplied(scaled) } = changed.value(weights);
  const old = bias === undefined ? undefined : changed.value(bias).data;
  if (!data || (bias !== undefined && !old)) return undefined;
  const { cells, inputs, outputs, groups, outFirst } = read;
  const kernel = new Float32Array(data.length);
  const sums = new Float64Array(outputs).map((_, output) => old?.[output] ?? 0);
  const [rows, columns] = outFirst ? [outputs, cells] : [cells, outputs];
  const perGroup = outputs / groups;
  for (let row = 0, i = 0; row < rows; row++) {
    for (let inner = 0; inner < inputs; inner++) {
      for (let column = 0; column < columns; column++, i++) {
        const output = outFirst ? row : column;
        const input = Math.floor(output / perGroup) * inputs + inner;
        kernel[i] = (data[i] as number) * (scale[input] as number);
        sums[output] = (sums[output] as number) + (data[i] as number) * (shift[input] as number);
      }
    }
  }
  if (!isFinite32(kernel) || !isFinite32(sums)) return undefined;
  return [
    x,
    changed.constant(`${node.name}/folded kernel`, shape, kernel),
    changed.constant(`${node.name}/folded bias`, [outputs], Float32Array.from(sums)),
    ...others,
  ];
}
