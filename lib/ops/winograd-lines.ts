/**
 * Winograd's minimal filtering in one dimension, F(m, 3): y = A^T ((G g) * (B^T d)), m outputs of 3 weights from m + 2
 * inputs. F(2, 3) has the points 0, 1, -1 and infinity; F(4, 3) the points 0, a, -a, b, -b and infinity with a = sqrt(1/2)
 * and b = sqrt(2), in the place of whole numbers, which are ten times worse in float32. (Lavin, Gray: Fast algorithms for
 * convolutional neural networks, arXiv 1509.09308; Barabasz et al., arXiv 1803.10986)
 *
 * Each function handles `count` neighbours: number i of an input is at p + i * step, of a result at q + i * pace.
 */
export type Line = (
  x: Float32Array,
  p: number,
  step: number,
  y: Float32Array,
  q: number,
  pace: number,
  count: number,
) => void;

const a = Math.SQRT1_2;
const b = Math.SQRT2;

/** B^T d */
export const inputLine: Readonly<Record<2 | 4, Line>> = {
  2(x, p, step, y, q, pace, count) {
    for (let k = 0; k < count; k++, p++, q++) {
      const d1 = x[p + step] as number;
      const d2 = x[p + 2 * step] as number;
      y[q] = (x[p] as number) - d2;
      y[q + pace] = d1 + d2;
      y[q + 2 * pace] = d2 - d1;
      y[q + 3 * pace] = (x[p + 3 * step] as number) - d1;
    }
  },

  4(x, p, step, y, q, pace, count) {
    for (let k = 0; k < count; k++, p++, q++) {
      const d1 = x[p + step] as number;
      const d2 = x[p + 2 * step] as number;
      const d3 = x[p + 3 * step] as number;
      const d4 = x[p + 4 * step] as number;
      const evenA = d4 - 2 * d2;
      const oddA = a * (d3 - 2 * d1);
      const evenB = d4 - 0.5 * d2;
      const oddB = b * (d3 - 0.5 * d1);
      y[q] = (x[p] as number) - 2.5 * d2 + d4;
      y[q + pace] = evenA + oddA;
      y[q + 2 * pace] = evenA - oddA;
      y[q + 3 * pace] = evenB + oddB;
      y[q + 4 * pace] = evenB - oddB;
      y[q + 5 * pace] = d1 - 2.5 * d3 + (x[p + 5 * step] as number);
    }
  },
};

/** A^T m */
export const outputLine: Readonly<Record<2 | 4, Line>> = {
  2(x, p, step, y, q, pace, count) {
    for (let k = 0; k < count; k++, p++, q++) {
      const m1 = x[p + step] as number;
      const m2 = x[p + 2 * step] as number;
      y[q] = (x[p] as number) + m1 + m2;
      y[q + pace] = m1 - m2 + (x[p + 3 * step] as number);
    }
  },

  4(x, p, step, y, q, pace, count) {
    for (let k = 0; k < count; k++, p++, q++) {
      const m1 = x[p + step] as number;
      const m2 = x[p + 2 * step] as number;
      const m3 = x[p + 3 * step] as number;
      const m4 = x[p + 4 * step] as number;
      const evenA = m1 + m2;
      const oddA = a * (m1 - m2);
      const evenB = m3 + m4;
      const oddB = b * (m3 - m4);
      y[q] = (x[p] as number) + evenA + evenB;
      y[q + pace] = oddA + oddB;
      y[q + 2 * pace] = 0.5 * evenA + 2 * evenB;
      y[q + 3 * pace] = 0.5 * oddA + 2 * oddB + (x[p + 5 * step] as number);
    }
  },
};

/** Rows of G. */
export const weightRows: Readonly<Record<2 | 4, readonly (readonly [number, number, number])[]>> = {
  2: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  4: [
    [1, 0, 0],
    [-2 / 3, (-2 / 3) * a, -1 / 3],
    [-2 / 3, (2 / 3) * a, -1 / 3],
    [1 / 6, b / 6, 1 / 3],
    [1 / 6, -b / 6, 1 / 3],
    [0, 0, 1],
  ],
};
