import { attributesOf, type Graph, type Node, type Value } from '../graph/graph.js';
import { multiplied } from '../graph/scaled.js';
import type { BinaryAttributes, Conv2dAttributes } from '../ops/index.js';
import { sameShape, sizeOf } from '../tensor.js';
import { isOutFirst } from './fold-affine.js';
import { isLinear } from './fuse-activation.js';
import { links } from './links.js';

/** Weights are multiplied and packed anew for each sample: the image should be so many times as large. */
const worth = 16;

/**
 * A factor per channel that differs from sample to sample, as squeeze-and-excitation has it, goes into the weights of the
 * convolution of single cells behind it, where they are much smaller than the image: a pass over memory less.
 */
export function foldGate(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => op === 'conv2d')) return graph;
  const { producer, uses } = links(graph);
  const values = [...graph.values];
  const value = (id: number): Value => values[id] as Value;
  const made = new Map<number, readonly Node[]>();
  graph.nodes.forEach((conv, index) => {
    const [x = 0, weights = 0, ...others] = conv.inputs;
    const at = uses[x] === 1 ? producer.get(x) : undefined;
    const product = at === undefined ? undefined : graph.nodes[at];
    if (at === undefined || !product || !takesGate(conv, value)) return;
    const [image, gate] = operandsOf(product, value) ?? [];
    const { shape, scaled, data = scaled && multiplied(scaled) } = value(weights);
    if (image === undefined || gate === undefined || !data) return;
    if (sizeOf(value(image).shape) < worth * data.length) return;

    const add = (like: Omit<Value, 'name'>): number => values.push({ name: conv.name, ...like }) - 1;
    const channels = sizeOf(value(gate).shape);
    const kernel = add({ shape, perSample: false, data });
    const factors = add({
      shape: isOutFirst(conv.attributes) ? [channels, 1, 1] : [channels, 1],
      perSample: true,
    });
    const gated = add({ shape, perSample: true });
    made.set(at, [
      {
        ...product,
        op: 'reshape',
        attributes: attributesOf({ shape: value(factors).shape }),
        inputs: [gate],
        outputs: [factors],
      },
      { ...product, inputs: [kernel, factors], outputs: [gated] },
    ]);
    made.set(index, [{ ...conv, inputs: [image, gated, ...others] }]);
  });
  return { ...graph, values, nodes: graph.nodes.flatMap((node, index) => made.get(index) ?? [node]) };
}

/** A convolution of single cells with constant weights, which does not see padding. */
function takesGate({ op, attributes, inputs, repeat }: Node, value: (id: number) => Value): boolean {
  if (op !== 'conv2d' || repeat !== undefined) return false;
  const { groups, padding } = attributes as Conv2dAttributes;
  const { shape } = value(inputs[1] as number);
  const [kh, kw] = isOutFirst(attributes) ? shape.slice(2) : shape;
  return kh === 1 && kw === 1 && groups === 1 && padding.every((cells) => cells === 0);
}

/** The image [h, w, channels] and the factors of a product, each of the sample's own. */
function operandsOf(node: Node, value: (id: number) => Value): [number, number] | undefined {
  const { kind } = node.attributes as BinaryAttributes;
  if (node.op !== 'binary' || kind !== 'multiply' || !isLinear(node) || node.repeat !== undefined)
    return undefined;
  const { shape } = value(node.outputs[0] as number);
  const [a = 0, b = 0] = node.inputs;
  if (!value(a).perSample || !value(b).perSample) return undefined;
  for (const [image, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    const factors = value(gate).shape;
    if (
      sameShape(value(image).shape, shape) &&
      factors.at(-1) === shape.at(-1) &&
      sizeOf(factors) === shape.at(-1)
    )
      return [image, gate];
  }
  return undefined;
}
