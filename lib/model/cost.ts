import { type OpId, ops } from '../ops/index.js';
import type { Attributes, Geometry, Shaped } from '../ops/op.js';

/** Multiply-adds of the ops whose work is sums of products; all else counts as nothing. */
const costs = new Map<OpId, (geometry: Geometry) => number>([
  [
    'conv2d',
    ({ oh = 0, ow = 0, oc = 0, kh = 0, kw = 0, c = 0, groups = 1 }) => (oh * ow * oc * kh * kw * c) / groups,
  ],
  ['depthwise2d', ({ oh = 0, ow = 0, oc = 0, kh = 0, kw = 0 }) => oh * ow * oc * kh * kw],
  ['convtranspose2d', ({ h = 0, w = 0, oc = 0, kh = 0, kw = 0, c = 0 }) => h * w * oc * kh * kw * c],
  ['matmul', ({ groups = 1, m = 0, k = 0, n = 0 }) => groups * m * k * n],
]);

/** Multiply-adds of a node for one sample. */
export function multiplyAdds(
  op: OpId,
  attributes: Attributes,
  inputs: readonly Shaped[],
  output: Shaped,
): number {
  const cost = costs.get(op);
  return cost && op !== 'reshape' ? cost(ops[op].geometry(attributes, inputs, [output])) : 0;
}

/** The same for a step, whose geometry is known. */
export function stepMultiplyAdds(op: OpId, geometry: Geometry): number {
  return costs.get(op)?.(geometry) ?? 0;
}
