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
  /** [tiles][points][oc], behind the input: [tiles][points][c] */
  readonly products: number;
  /** One tile: [points][channels]. */
  readonly tile: number;
  /** [oc] */
  readonly zeros: number;
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
  const zeros = tile + n * Math.max(c, oc);
  if (memory.length < zeros + oc) memory = newFloats(zeros + oc);
  memory.fill(0, zeros, zeros + oc);
  const work = { args, side, down, across, products, tile, zeros };
  for (let first = 0; first < tiles; first += step) {
    const count = Math.min(step, tiles - first);
    for (let t = 0; t < count; t++) {
      gatherTile(work, first + t);
      transformInput(work, t);
    }
    for (let p = 0; p < n; p++) {
      const product = {
        m: count,
        n: oc,
        k: c,
        b: packed,
        bAt: p * oc * c,
        bias: undefined,
        biasAt: 0,
        residual: undefined,
        y: memory,
        place: { start: products + p * oc, width: count, height: 1, pixel: n * oc, line: 0, image: 0 },
        act: 0,
        alpha: 0,
        beta: 0,
      };
      multiply(product, { x: memory, at: p * c, stride: n * c }, gatherRows);
    }
    for (let t = 0; t < count; t++) {
      transformOutput(work, t);
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
  const right = left + side + 2;
  const begin = Math.min(Math.max(left, 0), right);
  const end = Math.max(Math.min(right, w), begin);
  const run = (side + 2) * c;
  let q = tile;
  for (let iy = top; iy < top + side + 2; iy++, q += run) {
    if (iy < 0 || iy >= h) {
      memory.fill(0, q, q + run);
      continue;
    }
    if (begin > left) memory.fill(0, q, q + (begin - left) * c);
    for (let ix = begin; ix < end; ix++) {
      const from = ((sample * h + iy) * w + ix) * pixel;
      const to = q + (ix - left) * c;
      for (let k = 0; k < c; k++) memory[to + k] = x[from + k] as number;
    }
    if (end < right) memory.fill(0, q + (end - left) * c, q + run);
  }
}

function transformInput({ args, side, tile }: Work, t: number): void {
  const { c = 0 } = args.geometry;
  const run = (side + 2) * c;
  const apply = inputLine[side];
  apply(memory, tile, run, memory, tile, run, run);
  const to = t * (side + 2) * run;
  for (let i = 0; i < side + 2; i++) apply(memory, tile + i * run, c, memory, to + i * run, c, c);
}

/** The outputs of a tile lie as [side][points of a line][oc], the first `side` of each line. */
function transformOutput({ args, side, products, tile }: Work, t: number): void {
  const { oc = 0 } = args.geometry;
  const run = (side + 2) * oc;
  const apply = outputLine[side];
  apply(memory, products + t * (side + 2) * run, run, memory, tile, run, run);
  for (let i = 0; i < side; i++) apply(memory, tile + i * run, oc, memory, tile + i * run, oc, oc);
}

/** Bias, residual and activation of the pixels that are inside, a line of them at a time. */
function finishTile({ args, side, down, across, tile, zeros }: Work, index: number): void {
  const { oh = 0, ow = 0, oc = 0, act = 0, alpha = 0, beta = 0 } = args.geometry;
  const { inputs, inputStrides, inputPitches, outputPitch } = args;
  const bias = inputs[2] ?? memory;
  const biasAt = inputs[2] ? 0 : zeros;
  const residual = inputs[3];
  const [added, image] = [inputPitches[3] || oc, inputStrides[3] ?? 0];
  const y = args.outputs[0] as Float32Array;
  const pixel = outputPitch || oc;
  const line = (index / across) | 0;
  const sample = (line / down) | 0;
  const top = (line - sample * down) * side;
  const left = (index - line * across) * side;
  const columns = Math.min(side, ow - left);
  const most = sizes.sums / 4;
  for (let i = 0; i < side && top + i < oh; i++) {
    const place = (top + i) * ow + left;
    for (let first = 0; first < oc; first += most) {
      const width = Math.min(most, oc - first);
      for (let j = 0, q = 0; j < columns; j++, q += width) {
        const p = tile + (i * (side + 2) + j) * oc + first;
        const b = biasAt + first;
        for (let k = 0; k < width; k++) sums[q + k] = (memory[p + k] as number) + (bias[b + k] as number);
        if (!residual) continue;
        const r = sample * image + (place + j) * added + first;
        for (let k = 0; k < width; k++) sums[q + k] = (sums[q + k] as number) + (residual[r + k] as number);
      }
      activate(act, alpha, beta, columns * width);
      for (let j = 0, q = 0; j < columns; j++, q += width) {
        const to = (sample * oh * ow + place + j) * pixel + first;
        for (let k = 0; k < width; k++) y[to + k] = sums[q + k] as number;
      }
    }
  }
}
