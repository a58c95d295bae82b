import type { Expected } from './bounds.js';
import { conv2d, resolve, type Window } from './windows.js';

/** The transforms of F(m, 3) as matrices: y = A^T ((G g) * (B^T d)). */
interface Transforms {
  readonly a: readonly (readonly number[])[];
  readonly b: readonly (readonly number[])[];
  readonly g: readonly (readonly number[])[];
}

const small: Transforms = {
  a: [
    [1, 1, 1, 0],
    [0, 1, -1, 1],
  ],
  b: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, -1, 0, 1],
  ],
  g: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
};

/** From the points 0, p, -p, q, -q and infinity. */
function large(p: number, q: number): Transforms {
  const [p2, q2] = [p * p, q * q];
  const row = (x: number, norm: number) => [1 / norm, x / norm, (x * x) / norm];
  const [normP, normQ] = [2 * p2 * (p2 - q2), 2 * q2 * (q2 - p2)];
  return {
    a: [0, 1, 2, 3].map((k) => [Number(k === 0), p ** k, (-p) ** k, q ** k, (-q) ** k, Number(k === 3)]),
    b: [
      [p2 * q2, 0, -p2 - q2, 0, 1, 0],
      [0, -p * q2, -q2, p, 1, 0],
      [0, p * q2, -q2, -p, 1, 0],
      [0, -q * p2, -p2, q, 1, 0],
      [0, q * p2, -p2, -q, 1, 0],
      [0, p2 * q2, 0, -p2 - q2, 0, 1],
    ],
    g: [row(0, p2 * q2), row(p, normP), row(-p, normP), row(q, normQ), row(-q, normQ), [0, 0, 1]],
  };
}

export const transforms = { 2: small, 4: large(Math.SQRT1_2, Math.SQRT2) } as const;

/** matrix x matrix^T of absolute values; x is square. */
function around(matrix: readonly (readonly number[])[], x: ArrayLike<number>): Float64Array {
  const side = Math.sqrt(x.length);
  const rows = matrix.length;
  const half = new Float64Array(rows * side);
  const result = new Float64Array(rows * rows);
  matrix.forEach((row, i) => {
    for (let j = 0; j < side; j++)
      for (let l = 0; l < side; l++)
        (half[i * side + j] as number) += Math.abs((row[l] as number) * (x[l * side + j] as number));
  });
  for (let i = 0; i < rows; i++)
    matrix.forEach((row, j) => {
      for (let l = 0; l < side; l++)
        (result[i * rows + j] as number) += (half[i * side + l] as number) * Math.abs(row[l] as number);
    });
  return result;
}

/**
 * The reference of a Winograd convolution: the values are those of the plain sum. A term of an output is one summand of
 * A^T ((G g G^T) * (B^T d B)) A with everything in it taken apart, so the sum of their magnitudes is the same formula with
 * absolute values. Each term is rounded once for each product, sum and rounded constant on its way: at most 5 times in each
 * of two passes over the input, 6 times in each of two over the output, once as a weight, `c` times in the product over
 * channels, and twice for bias and residual.
 */
export function winogradConv2d(spec: Window, m: 2 | 4, inputs: readonly Float32Array[]): Expected {
  const { values } = conv2d(spec, inputs);
  const [x, k, bias, residual] = inputs as [Float32Array, Float32Array, Float32Array?, Float32Array?];
  const { h, w, c, oh, ow, pt, pl } = resolve(spec);
  const oc = spec.oc as number;
  const { a, b, g } = transforms[m];
  const points = (m + 2) ** 2;
  const [cell, channel, filter] = spec.oihw ? [1, 9, 9 * c] : [c * oc, oc, 1];
  const weights = Array.from({ length: c * oc }, (_, index) => {
    const at = Math.floor(index / oc) * channel + (index % oc) * filter;
    return around(
      g,
      Array.from({ length: 9 }, (_, i) => k[at + i * cell] as number),
    );
  });
  const magnitude = new Float64Array(values.length);
  const seen = new Float64Array(points);
  const products = new Float64Array(oc * points);
  for (let y = 0; y < oh; y += m)
    for (let z = 0; z < ow; z += m) {
      products.fill(0);
      for (let i = 0; i < c; i++) {
        for (let p = 0; p < points; p++) {
          const [iy, ix] = [y + Math.floor(p / (m + 2)) - pt, z + (p % (m + 2)) - pl];
          const inside = iy >= 0 && iy < h && ix >= 0 && ix < w;
          seen[p] = inside ? (x[(iy * w + ix) * c + i] as number) : 0;
        }
        const tile = around(b, seen);
        for (let o = 0; o < oc; o++) {
          const u = weights[i * oc + o] as Float64Array;
          for (let p = 0; p < points; p++)
            (products[o * points + p] as number) += (tile[p] as number) * (u[p] as number);
        }
      }
      for (let o = 0; o < oc; o++) {
        around(a, products.subarray(o * points, (o + 1) * points)).forEach((value, index) => {
          const [i, j] = [y + Math.floor(index / m), z + (index % m)];
          if (i >= oh || j >= ow) return;
          const at = (i * ow + j) * oc + o;
          magnitude[at] = value + Math.abs(bias?.[o] ?? 0) + Math.abs(residual?.[at] ?? 0);
        });
      }
    }
  return { values, magnitude, terms: c + 2 * 5 + 2 * 6 + 1 + 2 };
}
