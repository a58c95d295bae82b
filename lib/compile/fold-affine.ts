import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import { multiplied, type Scaled } from '../graph/scaled.js';
import type { OpId } from '../ops/index.js';
import { type Affine, activationOf, affineOf, affineOps, isFinite32 } from './affine.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';

/** Which output channel an element of an op's weights belongs to: `i -> floor(i / inner) % channels`. */
const innerOf: Partial<Record<OpId, (kernel: readonly number[], attributes: object) => number>> = {
  conv2d: (kernel, attributes) => (isOutFirst(attributes) ? rest(kernel) : 1), // [kh, kw, in, OUT] or [OUT, in, kh, kw]
  depthwise2d: (kernel, attributes) => (isOutFirst(attributes) ? rest(kernel) : 1), // [kh, kw, IN, MULTIPLIER] or the like
  convtranspose2d: (kernel) => kernel[3] ?? 1, // [kh, kw, OUT, in]
  matmul: (b, attributes) => ('transposeB' in attributes && attributes.transposeB ? (b.at(-1) ?? 1) : 1),
};

/** True for convolution weights [out, in, kh, kw]. */
export function isOutFirst(attributes: object): boolean {
  return (attributes as { kernelOrder?: string }).kernelOrder === 'oihw';
}

function rest(kernel: readonly number[]): number {
  return kernel.slice(1).reduce((all, length) => all * length, 1);
}

/**
 * Batch normalisation with constant statistics, and arithmetic with constants, is y = x * a + b per channel. It goes into
 * the weights and the bias of the op before it (computed in float64), or into such a step before it, which gives
 * one `scale`. Factors that are not finite stay as they are: an infinite weight would make NaN of inputs that are 0.
 */
export function foldAffine(graph: Graph): Graph {
  return rewrite(graph, affineOps, (node, index, changed) => {
    const affine = affineOf(node, changed.value);
    if (!affine) return;
    const at = changed.readOnce(affine.x) ? changed.maker(affine.x) : undefined;
    const before = at === undefined ? undefined : changed.nodes[at];
    if (at === undefined || !before || !isLinear(before)) {
      if (node.op === 'batchnorm') asScale(changed, index, affine);
      return;
    }
    const inputs = intoWeights(before, affine, changed);
    if (inputs) {
      const attributes = attributesOf(before.attributes, activationOf(node));
      changed.set(at, { ...before, attributes, inputs, outputs: node.outputs });
      changed.set(index, undefined);
      return;
    }
    const joined = afterAnother(before, affine, changed);
    if (joined) changed.set(at, undefined);
    if (joined || node.op === 'batchnorm') asScale(changed, index, joined ?? affine);
  });
}

/** A `scale` in the place of a node. */
function asScale(changed: Draft, index: number, { x, scale, shift }: Affine): void {
  const node = changed.nodes[index] as Node;
  const vector = (name: string, numbers: Float64Array): number =>
    changed.constant(`${node.name}/${name}`, [numbers.length], Float32Array.from(numbers));
  changed.set(index, {
    ...node,
    op: 'scale',
    attributes: activationOf(node),
    inputs: [x, vector('scale', scale), vector('shift', shift)],
  });
}

/** The inputs of `node` with the factors in them, where it has constant weights and adds nothing else. */
function intoWeights(node: Node, { scale, shift }: Affine, changed: Draft): number[] | undefined {
  const inner = innerOf[node.op];
  const [x = 0, weights, bias, residual] = node.inputs;
  if (!inner || weights === undefined || residual !== undefined) return undefined;
  const { shape, data, scaled } = changed.value(weights);
  const old = bias === undefined ? undefined : changed.value(bias);
  if (!(data || scaled) || (old && !old.data)) return undefined;
  const sums = shift.map((b, c) => b + (old?.data?.[c] ?? 0) * (scale[c] as number));
  if (!isFinite32(sums)) return undefined;
  const newBias = changed.constant(`${node.name}/folded bias`, [sums.length], Float32Array.from(sums));
  if (scale.every((factor) => factor === 1)) return [x, weights, newBias];
  const kernel = scaled
    ? { ...scaled, scale: scaled.scale.map((factor, c) => factor * (scale[c] as number)) }
    : { data: data as Float32Array, scale, inner: inner(shape, node.attributes) };
  if (!staysFinite(kernel)) return undefined;
  return [x, changed.constant(`${node.name}/folded kernel`, shape, kernel), newBias];
}

/** Whether all products are finite: as a rule a bound of the weights, or the largest of them, tells. */
function staysFinite(kernel: Scaled): boolean {
  const factor = kernel.scale.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  const fits = (largest: number): boolean => Number.isFinite(Math.fround(largest * factor));
  const { data } = kernel;
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  return fits(floatOf(allBits(bits))) || fits(floatOf(largest(bits))) || isFinite32(multiplied(kernel));
}

/** Magnitudes of floats are ordered like the whole numbers that their bits make. */
function floatOf(bits: number): number {
  return new Float32Array(Int32Array.of(bits & 0x7fffffff).buffer)[0] as number;
}

/** No magnitude is larger than this, and it takes half the time of the largest. */
function allBits(bits: Int32Array): number {
  let all = 0;
  let i = 0;
  for (; i + 4 <= bits.length; i += 4) {
    all |= (bits[i] as number) | (bits[i + 1] as number) | (bits[i + 2] as number) | (bits[i + 3] as number);
  }
  for (; i < bits.length; i++) all |= bits[i] as number;
  return all;
}

function largest(bits: Int32Array): number {
  let most = 0;
  for (let i = 0; i < bits.length; i++) most = Math.max(most, (bits[i] as number) & 0x7fffffff);
  return most;
}

/** (x a + b) c + d = x a c + (b c + d) */
function afterAnother(before: Node, { scale, shift }: Affine, changed: Draft): Affine | undefined {
  const first = affineOf(before, changed.value);
  if (!first) return undefined;
  const both = {
    x: first.x,
    scale: first.scale.map((a, c) => a * (scale[c] as number)),
    shift: first.shift.map((b, c) => b * (scale[c] as number) + (shift[c] as number)),
  };
  return isFinite32(both.scale) && isFinite32(both.shift) ? both : undefined;
}
