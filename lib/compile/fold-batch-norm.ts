import { attributesOf, type Graph, type Node, type Value } from '../graph/graph.js';
import { product } from '../ops/check.js';
import type { OpId } from '../ops/index.js';
import type { Attributes } from '../ops/op.js';
import { isLinear } from './fuse-activation.js';
import { links } from './links.js';

/** Which output channel an element of an op's weights belongs to: `i -> floor(i / inner) % channels`. */
const innerOf: Partial<Record<OpId, (kernel: readonly number[], attributes: object) => number>> = {
  conv2d: ordered, // [kh, kw, in, OUT] or [OUT, in, kh, kw]
  depthwise2d: ordered, // [kh, kw, IN, MULTIPLIER] or [OUT, 1, kh, kw]
  convtranspose2d: (kernel) => kernel[3] ?? 1, // [kh, kw, OUT, in]
  matmul: (b, attributes) => ('transposeB' in attributes && attributes.transposeB ? (b.at(-1) ?? 1) : 1),
  scale: () => 1,
};

function ordered(kernel: readonly number[], attributes: object): number {
  const oihw = 'kernelOrder' in attributes && attributes.kernelOrder === 'oihw';
  return oihw ? product(kernel, 1) : 1;
}

/**
 * Batch normalisation with constant statistics is y = x * a + b per channel. It goes into the weights and the bias of
 * the op before it (computed in float64), or becomes a `scale` where there is none that may take it. Factors that
 * are not finite stay as they are: an infinite weight would make NaN of inputs that are 0.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const { producer, uses } = links(graph);
  const values: Value[] = [...graph.values];
  const nodes: (Node | undefined)[] = [...graph.nodes];

  const constant = (name: string, shape: readonly number[], data: Float32Array): number =>
    values.push({ name, shape, perSample: false, data }) - 1;

  graph.nodes.forEach((node, index) => {
    const factors = affine(node, values);
    if (!factors) return;
    const [from, to] = [node.inputs[0] as number, node.outputs[0] as number];
    const at = producer.get(from);
    const before = at === undefined ? undefined : nodes[at];
    const folded = before && uses[from] === 1 ? fold(before, factors, values) : undefined;
    if (folded && before && at !== undefined) {
      const { kernel, bias } = folded;
      const inputs = [
        before.inputs[0] as number,
        constant(`${before.name}/folded kernel`, (values[before.inputs[1] as number] as Value).shape, kernel),
        constant(`${before.name}/folded bias`, [bias.length], bias),
      ];
      nodes[at] = {
        ...before,
        attributes: attributesOf(before.attributes, activationOf(node)),
        inputs,
        outputs: [to],
      };
      nodes[index] = undefined;
      producer.set(to, at);
    } else if (node.op === 'batchnorm') {
      const shape = [factors.scale.length];
      const inputs = [
        from,
        constant(`${node.name}/scale`, shape, Float32Array.from(factors.scale)),
        constant(`${node.name}/shift`, shape, Float32Array.from(factors.shift)),
      ];
      nodes[index] = { ...node, op: 'scale', attributes: activationOf(node), inputs };
    }
  });
  return { ...graph, values, nodes: nodes.filter((node) => node !== undefined) };
}

interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** The factors of a `batchnorm` or `scale` node whose inputs are constants and give finite numbers. */
function affine(node: Node, values: readonly Value[]): Affine | undefined {
  if (node.op !== 'batchnorm' && node.op !== 'scale') return undefined;
  const [p, q, gamma, beta] = node.inputs.slice(1).map((id) => values[id]?.data);
  if (!p || !q) return undefined;
  const [scale, shift] = [Float64Array.from(p), Float64Array.from(q)];
  if (node.op === 'batchnorm') {
    if (!gamma || !beta) return undefined;
    const { epsilon } = node.attributes as { epsilon: number };
    for (let c = 0; c < scale.length; c++) {
      const factor = (gamma[c] as number) / Math.sqrt((q[c] as number) + epsilon);
      scale[c] = factor;
      shift[c] = (beta[c] as number) - (p[c] as number) * factor;
    }
  }
  return isFinite32(scale) && isFinite32(shift) ? { scale, shift } : undefined;
}

/** New weights and bias of `node` with the factors in them, where it has constant ones and nothing stands between. */
function fold(node: Node, { scale, shift }: Affine, values: readonly Value[]) {
  const inner = innerOf[node.op];
  const [weights, bias] = node.inputs.slice(1).map((id) => values[id]);
  // The factors would have to reach a residual too.
  if (!inner || node.inputs.length > 3 || !weights?.data || (bias && !bias.data) || !isLinear(node))
    return undefined;
  const kernel = multiplied(weights.data, scale, inner(weights.shape, node.attributes));
  const sums = shift.map((b, c) => b + (bias?.data?.[c] ?? 0) * (scale[c] as number));
  return isFinite32(kernel) && isFinite32(sums) ? { kernel, bias: Float32Array.from(sums) } : undefined;
}

/** A plain loop: there may be a hundred million weights. */
function multiplied(weights: Float32Array, scale: Float64Array, inner: number): Float32Array {
  const kernel = new Float32Array(weights.length);
  for (let i = 0, c = 0; i < kernel.length; c = c + 1 === scale.length ? 0 : c + 1) {
    const factor = scale[c] as number;
    for (const end = i + inner; i < end; i++) kernel[i] = (weights[i] as number) * factor;
  }
  return kernel;
}

function isFinite32(numbers: Float32Array | Float64Array): boolean {
  for (let i = 0; i < numbers.length; i++)
    if (!Number.isFinite(Math.fround(numbers[i] as number))) return false;
  return true;
}

/** The activation of a node, without its other attributes. */
function activationOf({ attributes }: Node): Attributes {
  const names = ['activation', 'alpha', 'beta'];
  return attributesOf(
    Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name))),
  );
}
