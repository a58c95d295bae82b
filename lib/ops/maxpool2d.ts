import { OptionError } from '../errors.js';
import { type Pair, span, type Window, windowPlaces } from '../geometry.js';
import { image, inputCount, output } from './check.js';
import type { Geometry, KernelArgs, Op, Shaped } from './op.js';
import { windowFields, windowInts } from './window.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

/**
 * A window of cells `dilations` apart; the four sides of `padding` are independent, each smaller than the dilated window.
 */
export interface Pool2dAttributes extends Window {
  readonly poolSize: Pair;
  /**
   * A last window may reach over the end of the padded image, by less than a stride, if it begins inside the image or the
   * padding before it. This is the rule of PyTorch and of ONNX.
   */
  readonly ceilMode?: boolean;
}

export const poolInts = [...windowInts, 'pb', 'pr'] as const;

/** x [h, w, c] -> [oh, ow, c] */
export function inferPool(attributes: Pool2dAttributes, inputs: readonly Shaped[]): readonly Shaped[] {
  inputCount(inputs, 1);
  const { size, channels, perSample } = image(inputs);
  const { poolSize, padding, dilations, ceilMode = false } = attributes;
  const places = windowPlaces(size, poolSize, attributes, ceilMode);
  for (const side of [0, 1, 2, 3] as const) {
    const axis = side < 2 ? 0 : 1;
    if (padding[side] >= span(poolSize[axis], dilations[axis])) {
      throw new OptionError(
        `expected padding to be smaller than the window, got ${padding[side]} for a poolSize of ${poolSize[axis]}`,
      );
    }
  }
  return output([...places, channels], perSample);
}

export function poolFields(attributes: Pool2dAttributes, [x]: readonly Shaped[], [y]: readonly Shaped[]) {
  const [, pb, , pr] = attributes.padding;
  return { ...windowFields(attributes, x, y, attributes.poolSize), pb, pr };
}

/** The largest cell of each window; NaN if there is one, -Infinity where a window holds no cell. */
export const maxpool2d: Op<Pool2dAttributes> = {
  id: 'maxpool2d',
  ints: poolInts,
  floats: [],
  infer: inferPool,
  geometry: poolFields,
  pitched: { inputs: [0], output: true },

  run(args) {
    pool(args, largest);
  },
};

/** Channels `c0` to `c0 + count` of one window: what `y` holds from `at` on. Pixels of x are `pixel` floats apart. */
export type PoolWindow = (
  geometry: Geometry,
  x: Float32Array,
  image: number,
  pixel: number,
  cells: Cells,
  c0: number,
  count: number,
  y: Float32Array,
  at: number,
) => void;

/** Which cells of a window lie inside the image, and the divisor of a mean. */
export interface Cells {
  top: number;
  left: number;
  firstY: number;
  endY: number;
  firstX: number;
  endX: number;
}

/** Calls `window` for every place and block of channels. */
export function pool(
  { geometry, batch, inputs, inputPitches, outputs, outputPitch }: KernelArgs,
  window: PoolWindow,
): void {
  const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
  const {
    h = 0,
    w = 0,
    c = 0,
    oh = 0,
    ow = 0,
    kh = 0,
    kw = 0,
    sh = 0,
    sw = 0,
    dh = 0,
    dw = 0,
    pt = 0,
    pl = 0,
  } = geometry;
  const pixel = inputPitches[0] || c;
  const to = outputPitch || c;
  const cells = { top: 0, left: 0, firstY: 0, endY: 0, firstX: 0, endX: 0 };
  for (let line = 0; line < batch * oh; line++) {
    const image = Math.floor(line / oh);
    cells.top = (line - image * oh) * sh - pt;
    cells.firstY = first(cells.top, dh);
    cells.endY = end(cells.top, dh, h, kh);
    for (let ox = 0; ox < ow; ox++) {
      cells.left = ox * sw - pl;
      cells.firstX = first(cells.left, dw);
      cells.endX = end(cells.left, dw, w, kw);
      for (let c0 = 0; c0 < c; c0 += sums.length) {
        const count = Math.min(sums.length, c - c0);
        window(geometry, x, image * h * w * pixel, pixel, cells, c0, count, y, (line * ow + ox) * to + c0);
      }
    }
  }
}

/** First cell of a window that is not before the image. */
function first(start: number, dilation: number): number {
  return start < 0 ? Math.ceil(-start / dilation) : 0;
}

/** The cell behind the last one inside the image. */
export function end(start: number, dilation: number, length: number, window: number): number {
  return Math.min(Math.ceil((length - start) / dilation), window);
}

function largest(
  { w = 0, dh = 0, dw = 0 }: Geometry,
  x: Float32Array,
  image: number,
  pixel: number,
  { top, left, firstY, endY, firstX, endX }: Cells,
  c0: number,
  count: number,
  y: Float32Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) sums[i] = Number.NEGATIVE_INFINITY;
  for (let ky = firstY; ky < endY; ky++) {
    for (let kx = firstX; kx < endX; kx++) {
      const p = image + ((top + ky * dh) * w + left + kx * dw) * pixel + c0;
      for (let i = 0; i < count; i++) sums[i] = Math.max(sums[i] as number, x[p + i] as number);
    }
  }
  for (let i = 0; i < count; i++) y[at + i] = sums[i] as number;
}
