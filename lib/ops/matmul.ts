import { ShapeError } from '../errors.js';
import { elements } from '../geometry.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, input, inputCount, listed, output, product, vector } from './check.js';
import { gatherColumns, gatherRows, newFloats, transposed } from './gather.js';
import { multiply } from './gemm.js';
import { roundedHalves } from './half.js';
import type { Op, Shaped } from './op.js';

export interface MatmulAttributes extends Activated {
  /** Packed weights are kept in half precision; for constants whose numbers fit into it. */
  readonly half?: boolean;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** groups, m, k, n of a product, and the shape it gives. */
interface Product {
  readonly groups: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly shape: readonly number[];
}

/**
 * a [..., k], b [k, n] -> [..., n]: all leading axes of a count as rows. With b of rank 3 and more the axes before the
 * last two are groups and equal on both sides: a [..., m, k], b [..., k, n] -> [..., m, n].
 * transposeA: a is [..., k, m]; transposeB: b is [..., n, k]. bias [n], then the activation.
 */
export const matmul: Op<MatmulAttributes> = {
  id: 'matmul',
  ints: ['groups', 'm', 'k', 'n', 'ta', 'tb', 'bias', 'half', 'act'],
  floats: ['alpha', 'beta'],
  packs: 1,

  infer(attributes, inputs) {
    inputCount(inputs, 2, 3);
    const { n, shape } = productOf(attributes, inputs);
    if (inputs.length > 2) vector(inputs, 2, 'bias', n);
    checkActivation(attributes);
    return output(shape, input(inputs, 0, 'a').perSample || input(inputs, 1, 'b').perSample);
  },

  geometry(attributes, inputs) {
    const { groups, m, k, n } = productOf(attributes, inputs);
    return {
      groups,
      m,
      k,
      n,
      ta: attributes.transposeA ? 1 : 0,
      tb: attributes.transposeB ? 1 : 0,
      bias: inputs.length > 2 ? 1 : 0,
      half: attributes.half ? 1 : 0,
      ...activationFields(attributes),
    };
  },

  /** [groups] of rows of k, one per column of the result; as many groups as there are. */
  pack({ k = 0, n = 0, tb = 0, half = 0 }, b, make = newFloats) {
    const rows = tb ? b : transposed(b, b.length / (k * n), k, n, make);
    return half ? roundedHalves(rows, tb ? make(b.length) : rows) : rows;
  },

  run({ geometry, batch, inputs, inputStrides, outputs, packed }) {
    const { groups = 1, m = 0, k = 0, n = 0, ta = 0, act = 0, alpha = 0, beta = 0 } = geometry;
    const [a, , bias] = inputs as [Float32Array, Float32Array, Float32Array | undefined];
    const [aStride = 0, bStride = 0] = inputStrides;
    // Samples that share b are rows of one product.
    const merged = groups === 1 && !ta && bStride === 0 && aStride > 0;
    const rows = merged ? batch * m : m;
    const products = merged ? 1 : batch * groups;
    for (let i = 0; i < products; i++) {
      const group = i % groups;
      const sample = (i - group) / groups;
      multiply(
        {
          m: rows,
          n,
          k,
          b: packed,
          bAt: (bStride > 0 ? i : group) * n * k,
          bias,
          biasAt: 0,
          residual: undefined,
          y: outputs[0] as Float32Array,
          place: { start: i * m * n, width: rows, height: 1, pixel: n, line: 0, image: 0 },
          act,
          alpha,
          beta,
        },
        { x: a, at: sample * aStride + group * m * k, stride: ta ? m : k },
        ta ? gatherColumns : gatherRows,
      );
    }
  },
};

function productOf(
  { transposeA = false, transposeB = false }: MatmulAttributes,
  inputs: readonly Shaped[],
): Product {
  const [a, b] = [input(inputs, 0, 'a').shape, input(inputs, 1, 'b').shape];
  elements(a);
  elements(b);
  if (b.length < 2) throw new ShapeError(`expected b to have 2 axes or more, got ${listed(b)}`);
  const [kb, n] = matrix(b, transposeB);
  if (a.length < (transposeA || b.length > 2 ? 2 : 1)) {
    throw new ShapeError(
      `expected a to have ${transposeA || b.length > 2 ? 2 : 1} axes or more, got ${listed(a)}`,
    );
  }
  const grouped = b.length > 2 || (transposeA && a.length > 2);
  if (grouped && listed(a.slice(0, -2)) !== listed(b.slice(0, -2))) {
    throw new ShapeError(
      `expected a and b with equal axes before the last two, got ${listed(a)} and ${listed(b)}`,
    );
  }
  const [m, k] = grouped || transposeA ? matrix(a, transposeA) : [product(a, 0, -1), a.at(-1) as number];
  if (k !== kb) {
    throw new ShapeError(
      `expected a with ${kb} values along the summed axis for b ${listed(b)}, got ${k} in ${listed(a)}`,
    );
  }
  const rows = transposeA ? [...a.slice(0, -2), m] : a.slice(0, -1);
  return { groups: grouped ? product(a, 0, -2) : 1, m, k, n, shape: [...rows, n] };
}

/** [rows, columns] of the last two axes, as multiplied. */
function matrix(shape: readonly number[], transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}
