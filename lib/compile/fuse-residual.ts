import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { BinaryAttributes } from '../ops/index.js';
import { sameShape, sizeOf } from '../tensor.js';
import { activationOf } from './affine.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';

/**
 * The sum of a convolution and another value is computed by the convolution, which spares one pass over memory. It moves
 * to the place of the sum, where the other value exists; of two convolutions the later one takes the sum.
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
function operandsOf(node: Node, { value, maker, nodes, readOnce }: Draft): Sum[] {
  const [a = 0, b = 0] = node.inputs;
  const { kind } = node.attributes as BinaryAttributes;
  if (kind !== 'add' || !value(a).perSample || !value(b).perSample) return [];
  if (!sameShape(value(a).shape, value(b).shape)) return [];
  return [
    [a, b],
    [b, a],
  ].flatMap(([sum = 0, residual = 0]) => {
    const at = readOnce(sum) ? maker(sum) : undefined;
    const conv = at === undefined ? undefined : nodes[at];
    if (at === undefined || conv?.op !== 'conv2d' || conv.inputs.length > 3 || !isLinear(conv)) return [];
    return [{ conv, at, residual }];
  });
}

function noBias({ name, outputs }: Node, { value, constant }: Draft): number {
  const channels = value(outputs[0] as number).shape.at(-1) as number;
  return constant(`${name}/bias`, [channels], new Float32Array(sizeOf([channels])));
}
