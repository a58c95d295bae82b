import {
  type Cells,
  end,
  inferPool,
  type Pool2dAttributes,
  pool,
  poolFields,
  poolInts,
} from './maxpool2d.js';
import type { Geometry, Op } from './op.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

export interface AveragePool2dAttributes extends Pool2dAttributes {
  /**
   * Padded cells count in the divisor (`count_include_pad` of ONNX and PyTorch); cells beyond the padding, which ceilMode
   * may reach, never do. Of a dilated window only its own cells count.
   */
  readonly includePadding?: boolean;
}

/** The mean of each window over its cells inside the image; 0 where there is none. */
export const averagepool2d: Op<AveragePool2dAttributes> = {
  id: 'averagepool2d',
  ints: [...poolInts, 'include'],
  floats: [],
  infer: inferPool,
  pitched: { inputs: [0], output: true },

  geometry(attributes, inputs, outputs) {
    return { ...poolFields(attributes, inputs, outputs), include: attributes.includePadding ? 1 : 0 };
  },

  run(args) {
    pool(args, mean);
  },
};

function mean(
  geometry: Geometry,
  x: Float32Array,
  image: number,
  pixel: number,
  { top, left, firstY, endY, firstX, endX }: Cells,
  c0: number,
  count: number,
  y: Float32Array,
  at: number,
): void {
  const { h = 0, w = 0, kh = 0, kw = 0, dh = 0, dw = 0, pb = 0, pr = 0, include = 0 } = geometry;
  for (let i = 0; i < count; i++) sums[i] = 0;
  for (let ky = firstY; ky < endY; ky++) {
    for (let kx = firstX; kx < endX; kx++) {
      const p = image + ((top + ky * dh) * w + left + kx * dw) * pixel + c0;
      for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (x[p + i] as number);
    }
  }
  // No window begins before the padding, so only cells behind it are left out.
  const cells = include
    ? end(top, dh, h + pb, kh) * end(left, dw, w + pr, kw)
    : Math.max(endY - firstY, 0) * Math.max(endX - firstX, 0);
  for (let i = 0; i < count; i++) y[at + i] = cells > 0 ? (sums[i] as number) / cells : 0;
}
