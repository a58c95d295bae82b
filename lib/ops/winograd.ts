import { activate } from './activate.js';
import { gatherRows, newFloats } from './gather.js';
import { multiply } from './gemm.js';
import type { Geometry, KernelArgs, Make } from './op.js';
import { inputLine, outputLine, weightRows } from './winograd-lines.js';
import { sizes, workspace } from './workspace.js';

/** Convolution of 3x3 windows with stride 1 by Winograd's minimal filtering; see winograd-lines.ts. */

const sums = workspace.sums;

/** Floats of transformed inputs and products that a block of tiles may have: 4 MiB. */
const blockFloats = 2 ** 20;
/** Tiles that make the product of a block worthwhile, even where they take more memory. */
const fewTiles = 48;

/** Grows with the largest convolution; one per thread, as the workspace. */
let memory = newFloats(0);

function points({ winograd = 0 }: Geometry): number {
  return (winograd + 2) ** 2;
}

/** [3, 3, c, oc] or [oc, c, 3, 3] -> [points][oc][c], G g G^T in float64 and rounded once. */
export function packWinograd(
  geometry: Geometry,
  weights: Float32Array,
  make: Make = newFloats,
): Float32Array {
  const { c = 0, oc = 0, oihw } = geometry;
  const packed = make(points(geometry) * c * oc);
  const rows = weightRows[geometry.winograd as 2 | 4];
  const n = rows.length;
  const [cell, channel, filter] = oihw ? [1, 9, 9 * c] : [c * oc, oc, 1];
  const half = new Float64Array(3 * n);
  for (let o = 0; o < oc; o++) {
    for (let i = 0; i < c; i++) {
      const at = o * filter + i * channel;
      for (let p = 0; p < n; p++) {
        const [r0, r1, r2] = rows[p] as (typeof rows)[number];
        for (let j = 0; j < 3; j++) {
          half[3 * p + j] =
            r0 * (weights[at + j * cell] as number) +
            r1 * (weights[at + (3 + j) * cell] as number) +
            r2 * (weights[at + (6 + j) * cell] as number);
        }
      }
      for (let p = 0; p < n; p++) {
        const [h0, h1, h2] = [half[3 * p] as number, half[3 * p + 1] as number, half[3 * p + 2] as number];
        for (let q = 0; q < n; q++) {
          const [r0, r1, r2] = rows[q] as (typeof rows)[number];
          packed[((p * n + q) * oc + o) * c + i] = h0 * r0 + h1 * r1 + h2 * r2;
        }
      }
    }
  }
  return packed;
}

/** What the functions below share: the arguments, the tiles, and where the parts of the memory are. */
interface Work {
  readonly args: KernelArgs;
  readonly side: 2 | 4;
  readonly down: number;
  readonly across: number;
  /** [points][tiles][c] */
  readonly input: number;
  /** [points][tiles][oc] */
  readonly products: number;
  /** One tile: [points][channels]. */
  readonly tile: number;
}

export function runWinograd(args: KernelArgs): void {
  const { geometry, batch, packed } = args;
  const { c = 0, oh = 0, ow = 0, oc = 0 } = geometry;
  const side = geometry.winograd as 2 | 4;
  const n = points(geometry);
  const [down, across] = [Math.ceil(oh / side), Math.ceil(ow / side)];
  const tiles = batch * down * across;
  const most = Math.max(fewTiles, Math.floor(blockFloats / (n * (c + oc))));
  const step = Math.ceil(tiles / Math.ceil(tiles / most));
  const products = n * step * c;
  const tile = products + n * step * oc;
  const total = tile + n * Math.max(c, oc);
  if (memory.length < total) memory = newFloats(total);
  const work = { args, side, down, across, input: 0, products, tile };
  for (let first = 0; first < tiles; first += step) {
    const count = Math.min(step, tiles - first);
    for (let t = 0; t < count; t++) {
      gatherTile(work, first + t);
      transformInput(work, t, count);
    }
    for (let p = 0; p < n; p++) {
      const start = products + p * count * oc;
      multiply(
        {
          m: count,
          n: oc,
          k: c,
          b: packed,
          bAt: p * oc * c,
          bias: undefined,
          biasAt: 0,
          residual: undefined,
          y: memory,
          place: { start, width: count, height: 1, pixel: oc, line: 0, image: 0 },
          act: 0,
          alpha: 0,
          beta: 0,
        },
        { x: memory, at: p * count * c, stride: c },
        gatherRows,
      );
    }
    for (let t = 0; t < count; t++) {
      transformOutput(work, t, count);
      finishTile(work, first + t);
    }
  }
}

/** Copies the cells that a tile sees, zeros where they are outside of the image. */
function gatherTile({ args, side, down, across, tile }: Work, index: number): void {
  const { h = 0, w = 0, c = 0, pt = 0, pl = 0 } = args.geometry;
  const x = args.inputs[0] as Float32Array;
  const pixel = args.inputPitches[0] || c;
  const line = (index / across) | 0;
  const sample = (line / down) | 0;
  const top = (line - sample * down) * side - pt;
  const left = (index - line * across) * side - pl;
  let q = tile;
  for (let iy = top; iy < top + side + 2; iy++) {
    for (let ix = left; ix < left + side + 2; ix++, q += c) {
      if (iy < 0 || iy >= h || ix < 0 || ix >= w) memory.fill(0, q, q + c);
      else {
        const p = ((sample * h + iy) * w + ix) * pixel;
        for (let k = 0; k < c; k++) memory[q + k] = x[p + k] as number;
      }
    }
  }
}

function transformInput({ args, side, input, tile }: Work, t: number, count: number): void {
  const { c = 0 } = args.geometry;
  const n = side + 2;
  const apply = inputLine[side];
  for (let j = 0; j < n; j++) apply(memory, tile + j * c, n * c, memory, tile + j * c, n * c, c);
  for (let i = 0; i < n; i++) {
    apply(memory, tile + i * n * c, c, memory, input + (i * n * count + t) * c, count * c, c);
  }
}

/** The outputs of a tile lie as [side][n][oc], the first `side` of each n. */
function transformOutput({ args, side, products, tile }: Work, t: number, count: number): void {
  const { oc = 0 } = args.geometry;
  const n = side + 2;
  const apply = outputLine[side];
  for (let j = 0; j < n; j++) {
    apply(memory, products + (j * count + t) * oc, n * count * oc, memory, tile + j * oc, n * oc, oc);
  }
  for (let i = 0; i < side; i++) {
    const at = tile + i * n * oc;
    apply(memory, at, oc, memory, at, oc, oc);
  }
}

/** Bias, residual and activation of the pixels that are inside. */
function finishTile({ args, side, down, across, tile }: Work, index: number): void {
  const { oh = 0, ow = 0, oc = 0, act = 0, alpha = 0, beta = 0 } = args.geometry;
  const { inputs, inputStrides, inputPitches, outputPitch } = args;
  const bias = inputs[2];
  const residual = inputs[3];
  const y = args.outputs[0] as Float32Array;
  const pixel = outputPitch || oc;
  const line = (index / across) | 0;
  const sample = (line / down) | 0;
  const top = (line - sample * down) * side;
  const left = (index - line * across) * side;
  for (let i = 0; i < side && top + i < oh; i++) {
    for (let j = 0; j < side && left + j < ow; j++) {
      const place = (top + i) * ow + left + j;
      const from = tile + (i * (side + 2) + j) * oc;
      const to = (sample * oh * ow + place) * pixel;
      const added = sample * (inputStrides[3] ?? 0) + place * (inputPitches[3] || oc);
      for (let first = 0; first < oc; first += sizes.sums) {
        const count = Math.min(sizes.sums, oc - first);
        for (let k = 0; k < count; k++) sums[k] = memory[from + first + k] as number;
        if (bias) for (let k = 0; k < count; k++) sums[k] = (sums[k] as number) + (bias[first + k] as number);
        if (residual) {
          const p = added + first;
          for (let k = 0; k < count; k++) sums[k] = (sums[k] as number) + (residual[p + k] as number);
        }
        activate(act, alpha, beta, count);
        for (let k = 0; k < count; k++) y[to + first + k] = sums[k] as number;
      }
    }
  }
}
