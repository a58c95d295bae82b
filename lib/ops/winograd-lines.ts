import { workspace } from './workspace.js';

/**
 * Winograd's minimal filtering in one dimension, F(m, 3): y = A^T ((G g) * (B^T d)), m outputs of 3 weights from m + 2
 * inputs. F(2, 3) has the points 0, 1, -1 and infinity; F(4, 3) the points 0, a, -a, b, -b and infinity with a = sqrt(1/2)
 * and b = sqrt(2), in the place of whole numbers, which are ten times worse in float32. (Lavin, Gray: Fast algorithms for
 * convolutional neural networks, arXiv 1509.09308; Barabasz et al., arXiv 1803.10986)
 *
 * Each function handles `count` neighbours in the rows of the workspace, also in place: number i of an input is at
 * p + i * step, of a result at the same place.
 */
export type Line = (p: number, step: number, count: number) => void;

const rows = workspace.rows;

const a = Math.SQRT1_2;
const b = Math.SQRT2;

/** B^T d */
export const inputLine: Readonly<Record<2 | 4, Line>> = {
  2(p, step, count) {
    for (let k = 0; k < count; k++, p++) {
      const d1 = rows[p + step] as number;
      const d2 = rows[p + 2 * step] as number;
      rows[p] = (rows[p] as number) - d2;
      rows[p + step] = d1 + d2;
      rows[p + 2 * step] = d2 - d1;
      rows[p + 3 * step] = (rows[p + 3 * step] as number) - d1;
    }
  },

  4(p, step, count) {
    for (let k = 0; k < count; k++, p++) {
      const d1 = rows[p + step] as number;
      const d2 = rows[p + 2 * step] as number;
      const d3 = rows[p + 3 * step] as number;
      const d4 = rows[p + 4 * step] as number;
      const evenA = d4 - 2 * d2;
      const oddA = a * (d3 - 2 * d1);
      const evenB = d4 - 0.5 * d2;
      const oddB = b * (d3 - 0.5 * d1);
      rows[p] = (rows[p] as number) - 2.5 * d2 + d4;
      rows[p + step] = evenA + oddA;
      rows[p + 2 * step] = evenA - oddA;
      rows[p + 3 * step] = evenB + oddB;
      rows[p + 4 * step] = evenB - oddB;
      rows[p + 5 * step] = d1 - 2.5 * d3 + (rows[p + 5 * step] as number);
    }
  },
};

/** A^T m */
export const outputLine: Readonly<Record<2 | 4, Line>> = {
  2(p, step, count) {
    for (let k = 0; k < count; k++, p++) {
      const m1 = rows[p + step] as number;
      const m2 = rows[p + 2 * step] as number;
      rows[p] = (rows[p] as number) + m1 + m2;
      rows[p + step] = m1 - m2 + (rows[p + 3 * step] as number);
    }
  },

  4(p, step, count) {
    for (let k = 0; k < count; k++, p++) {
      const m1 = rows[p + step] as number;
      const m2 = rows[p + 2 * step] as number;
      const m3 = rows[p + 3 * step] as number;
      const m4 = rows[p + 4 * step] as number;
      const evenA = m1 + m2;
      const oddA = a * (m1 - m2);
      const evenB = m3 + m4;
      const oddB = b * (m3 - m4);
      rows[p] = (rows[p] as number) + evenA + evenB;
      rows[p + step] = oddA + oddB;
      rows[p + 2 * step] = 0.5 * evenA + 2 * evenB;
      rows[p + 3 * step] = 0.5 * oddA + 2 * oddB + (rows[p + 5 * step] as number);
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
