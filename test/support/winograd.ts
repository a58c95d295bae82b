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

/** left x right^T, of absolute values. */
function both(matrix: readonly (readonly number[])[], x: readonly (readonly number[])[]): number[][] {
  const abs = (value: number | undefined) => Math.abs(value as number);
  const half = matrix.map((row) =>
    (x[0] as readonly number[]).map((_, j) => row.reduce((sum, v, i) => sum + abs(v) * abs(x[i]?.[j]), 0)),
  );
  return half.map((line) => matrix.map((row) => row.reduce((sum, v, i) => sum + abs(v) * abs(line[i]), 0)));
}

/**
 * The reference of a Winograd convolution: the values are those of the plain sum. A term of an output is one summand of
 * A^T ((G g G^T) * (B^T d B)) A with everything in it taken apart, so the sum of their magnitudes is the same formula with
 * absolute values. Each term is rounded once for each product and sum on its way: at most 5 times in each of two passes
 * over the input (two of which are the constants'), 6 times in each of two over the output, once as a weight, `c` times in
 * the product over channels, and twice for bias and residual.
 */
export function winogradConv2d(spec: Window, m: 2 | 4, inputs: readonly Float32Array[]): Expected {
  const { values } = conv2d(spec, inputs);
  const [x, k, bias, residual] = inputs as [Float32Array, Float32Array, Float32Array?, Float32Array?];
  const { h, w, c, oh, ow, pt, pl } = resolve(spec);
  const oc = spec.oc as number;
  const { a, b, g } = transforms[m];
  const window = [0, 1, 2];
  const weight = (ky: number, kx: number, i: number, o: number) =>
    k[spec.oihw ? ((o * c + i) * 3 + ky) * 3 + kx : ((ky * 3 + kx) * c + i) * oc + o] as number;
  const weights = Array.from({ length: c }, (_, i) =>
    Array.from({ length: oc }, (_, o) =>
      both(
        g,
        window.map((ky) => window.map((kx) => weight(ky, kx, i, o))),
      ).flat(),
    ),
  );
  const cells = Array.from({ length: m + 2 }, (_, i) => i);
  const magnitude = new Float64Array(values.length);
  for (let y = 0; y < oh; y += m)
    for (let z = 0; z < ow; z += m) {
      const cell = (i: number, j: number, channel: number): number => {
        const [iy, ix] = [y + i - pt, z + j - pl];
        return iy < 0 || iy >= h || ix < 0 || ix >= w ? 0 : (x[(iy * w + ix) * c + channel] as number);
      };
      const tile = Array.from({ length: c }, (_, channel) =>
        both(
          b,
          cells.map((i) => cells.map((j) => cell(i, j, channel))),
        ).flat(),
      );
      for (let o = 0; o < oc; o++) {
        const products = cells.map((i) =>
          cells.map((j) => {
            const p = i * (m + 2) + j;
            return tile.reduce(
              (sum, v, channel) => sum + (v[p] as number) * (weights[channel]?.[o]?.[p] as number),
              0,
            );
          }),
        );
        both(a, products).forEach((line, i) => {
          line.forEach((value, j) => {
            if (y + i >= oh || z + j >= ow) return;
            const at = ((y + i) * ow + z + j) * oc + o;
            magnitude[at] = value + Math.abs(bias?.[o] ?? 0) + Math.abs(residual?.[at] ?? 0);
          });
        });
      }
    }
  return { values, magnitude, terms: c + 2 * 5 + 2 * 6 + 1 + 2 };
}
