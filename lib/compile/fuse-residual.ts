import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { BinaryAttributes, MatmulAttributes } from '../ops/index.js';
import { sameShape, sizeOf } from '../tensor.js';
import { activationOf } from './affine.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';

/**
 * The sum of a convolution and another value is computed by the convolution, which spares one pass over memory. It moves
 * to the place of the sum, where the other value exists; of two convolutions the later one takes the sum. A product of
 * the pixels of an image and a matrix is a convolution of one cell.
 */
export function fuseResidual(graph: Graph): Graph {
  return rewrite(graph, ['binary'], (node, index, changed) => {
    const pairs = node.op === 'binary' ? operandsOf(node, changed) : [];
    const [best] = pairs.sort((p, q) => q.at - p.at);
    if (!best) return;
    const { conv, at, residual } = best;
    const [x = 0, kernel = 0, bias = noBias(conv, changed)] = conv.inputs;
    changed.set(at, undefined);
    changed.set(index, {
      ...conv,
      attributes: attributesOf(conv.attributes, activationOf(node), { residual: true }),
      inputs: [x, kernel, bias, residual],
      outputs: node.outputs,
    });
  });
}

interface Sum {
  readonly conv: Node;
  readonly at: number;
  readonly residual: number;
}

/** The ways to see a sum as a convolution and what is added to it. */
function operandsOf(node: Node, changed: Draft): Sum[] {
  const { value, maker, nodes, readOnce } = changed;
  const [a = 0, b = 0] = node.inputs;
  const { kind } = node.attributes as BinaryAttributes;
  if (kind !== 'add' || !value(a).perSample || !value(b).perSample) return [];
  if (!sameShape(value(a).shape, value(b).shape)) return [];
  return [
    [a, b],
    [b, a],
  ].flatMap(([sum = 0, residual = 0]) => {
    const at = readOnce(sum) ? maker(sum) : undefined;
    const made = at === undefined ? undefined : nodes[at];
    if (at === undefined || !made || !isLinear(made)) return [];
    const conv = made.op === 'matmul' ? asConvolution(made, changed) : made;
    return conv?.op === 'conv2d' && conv.inputs.length <= 3 ? [{ conv, at, residual }] : [];
  });
}

/** [h, w, k] or [images, h, w, k] times [k, n] or, transposed, [n, k]. */
function asConvolution(node: Node, { value, constant }: Draft): Node | undefined {
  const [x = 0, matrix = 0, ...bias] = node.inputs;
  const { transposeA, transposeB, ...others } = node.attributes as MatmulAttributes;
  const { name, shape, data, scaled = data } = value(matrix);
  const pixels = value(x).shape;
  // Of four axes the first one counts images.
  const repeat = pixels.length === 4 ? pixels[0] : undefined;
  if (pixels.length !== (repeat === undefined ? 3 : 4) || (node.repeat ?? repeat) !== repeat)
    return undefined;
  if (!value(x).perSample || transposeA || shape.length !== 2 || !scaled) return undefined;
  const window = { strides: [1, 1], dilations: [1, 1], padding: [0, 0, 0, 0], groups: 1 };
  const order = transposeB ? { kernelOrder: 'oihw' } : {};
  const kernel = constant(name, transposeB ? [...shape, 1, 1] : [1, 1, ...shape], scaled);
  return {
    ...node,
    op: 'conv2d',
    attributes: attributesOf(others, window, order),
    inputs: [x, kernel, ...bias],
    repeat,
  };
}

function noBias({ name, outputs }: Node, { value, constant }: Draft): number {
  const channels = value(outputs[0] as number).shape.at(-1) as number;
  return constant(`${name}/bias`, [channels], new Float32Array(sizeOf([channels])));
}
