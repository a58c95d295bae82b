import { attributesOf, type Graph, itemOf, type Node } from '../graph/graph.js';
import { type Conv2dAttributes, takesPool } from '../ops/conv2d.js';
import type { Pool2dAttributes } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { type Draft, rewrite } from './draft.js';

/**
 * Pooling of 2 x 2 pixels goes into the convolution before it where that has a kernel for it: the first layer of a
 * network on gray images. The image between them is then never written.
 */
export function fusePool(graph: Graph): Graph {
  return rewrite(graph, ['maxpool2d', 'averagepool2d'], (node, index, changed) => {
    if (node.op !== 'maxpool2d' && node.op !== 'averagepool2d') return;
    const from = node.inputs[0] as number;
    const at = changed.readOnce(from) ? changed.maker(from) : undefined;
    const conv = at === undefined ? undefined : changed.nodes[at];
    if (at === undefined || !conv || !fits(conv, node, changed)) return;
    const pool = node.op === 'maxpool2d' ? 'max' : 'average';
    changed.set(at, undefined);
    changed.set(index, {
      ...conv,
      attributes: attributesOf(conv.attributes, { pool }),
      outputs: node.outputs,
    });
  });
}

function fits(conv: Node, pool: Node, { value }: Draft): boolean {
  if (conv.op !== 'conv2d' || conv.repeat !== pool.repeat) return false;
  const attributes = conv.attributes as Conv2dAttributes;
  if (attributes.pool) return false;
  const item = (id: number | undefined) => itemOf(value(id as number), conv.repeat);
  const { shape } = item(conv.outputs[0]);
  const pooled = item(pool.outputs[0]).shape;
  const { poolSize, strides, dilations, padding } = pool.attributes as Pool2dAttributes;
  const whole = [2, 2, 2, 2, 1, 1, 0, 0, 0, 0];
  const [oh = 0, ow = 0, filters = 0] = shape;
  return (
    sameShape([...poolSize, ...strides, ...dilations, ...padding], whole) &&
    sameShape(pooled, [Math.floor(oh / 2), Math.floor(ow / 2), filters]) &&
    takesPool(attributes, conv.inputs.map(item), shape)
  );
}
