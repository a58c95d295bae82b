import { activate } from './activate.js';
import { copy, gatherRows, newFloats } from './gather.js';
import { multiply } from './gemm.js';
import type { Geometry, KernelArgs, Make } from './op.js';
import { inputLine, outputLine, weightRows } from './winograd-lines.js';
import { workspace } from './workspace.js';

/** Convolution of 3x3 windows with stride 1 by Winograd's minimal filtering; see winograd-lines.ts. */

const { rows, sums } = workspace;

/** Channels of a tile at a time: they stay in a first-level cache, in float64. */
const channelBlock = 64;

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
  /** Where the products [points][tiles][oc] begin, behind the input: [points][tiles][c] */
  readonly products: number;
  /** Tiles of a block. */
  readonly tiles: number;
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
  const needed = products + n * step * oc;
  if (memory.length < needed) memory = newFloats(needed);
  const work = { args, side, down, across, products, tiles: step };
  for (let first = 0; first < tiles; first += step) {
    const count = Math.min(step, tiles - first);
    for (let t = 0; t < count; t++) {
      for (let c0 = 0; c0 < c; c0 += channelBlock) {
        const channels = Math.min(channelBlock, c - c0);
        gatherTile(work, first + t, c0, channels);
        transformInput(work, t, c0, channels);
      }
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
        place: { start: products + p * step * oc, width: count, height: 1, pixel: oc, line: 0, image: 0 },
        act: 0,
        alpha: 0,
        beta: 0,
      };
      multiply(product, { x: memory, at: p * step * c, stride: c }, gatherRows);
    }
    for (let t = 0; t < count; t++) {
      for (let o0 = 0; o0 < oc; o0 += channelBlock) {
        const channels = Math.min(channelBlock, oc - o0);
        transformOutput(work, t, o0, channels);
        finishTile(work, first + t, o0, channels);
      }
    }
  }
}

/** Copies what a tile sees of some channels, zeros where that is outside of the image: [cells][channels] */
function gatherTile({ args, side, down, across }: Work, index: number, c0: number, channels: number): void {
  const { h = 0, w = 0, c = 0, pt = 0, pl = 0 } = args.geometry;
  const x = args.inputs[0] as Float32Array;
  const pixel = args.inputPitches[0] || c;
  const line = (index / across) | 0;
  const sample = (line / down) | 0;
  const top = (line - sample * down) * side - pt;
  const left = (index - line * across) * side - pl;
  let q = 0;
  for (let iy = top; iy < top + side + 2; iy++) {
    for (let ix = left; ix < left + side + 2; ix++, q += channels) {
      if (iy >= 0 && iy < h && ix >= 0 && ix < w) {
        copy(x, ((sample * h + iy) * w + ix) * pixel + c0, 1, q, 1, channels);
      } else {
        for (let k = 0; k < channels; k++) rows[q + k] = 0;
      }
    }
  }
}

function transformInput({ args, side, tiles }: Work, t: number, c0: number, channels: number): void {
  const { c = 0 } = args.geometry;
  const n = side + 2;
  const run = n * channels;
  const apply = inputLine[side];
  apply(0, run, run);
  for (let i = 0; i < n; i++) apply(i * run, channels, channels);
  for (let i = 0, to = t * c + c0; i < n * n; i++, to += tiles * c) {
    for (let k = 0, p = i * channels; k < channels; k++) memory[to + k] = rows[p + k] as number;
  }
}

/** The outputs of a tile lie as [side][points of a line][channels], the first `side` of each line. */
function transformOutput(
  { args, side, products, tiles }: Work,
  t: number,
  o0: number,
  channels: number,
): void {
  const { oc = 0 } = args.geometry;
  const n = side + 2;
  const run = n * channels;
  for (let i = 0, from = products + t * oc + o0; i < n * n; i++, from += tiles * oc) {
    copy(memory, from, 1, i * channels, 1, channels);
  }
  const apply = outputLine[side];
  apply(0, run, run);
  for (let i = 0; i < side; i++) apply(i * run, channels, channels);
}

/** Bias, residual and activation of the pixels that are inside. */
function finishTile({ args, side, down, across }: Work, index: number, o0: number, channels: number): void {
  const { oh = 0, ow = 0, oc = 0, act = 0, alpha = 0, beta = 0 } = args.geometry;
  const { inputs, inputStrides, inputPitches, outputPitch } = args;
  const bias = inputs[2];
  const residual = inputs[3];
  const [added, image] = [inputPitches[3] || oc, inputStrides[3] ?? 0];
  const y = args.outputs[0] as Float32Array;
  const pixel = outputPitch || oc;
  const line = (index / across) | 0;
  const sample = (line / down) | 0;
  const top = (line - sample * down) * side;
  const left = (index - line * across) * side;
  const lines = Math.min(side, oh - top);
  const columns = Math.min(side, ow - left);
  let q = 0;
  for (let i = 0; i < lines; i++) {
    for (let j = 0; j < columns; j++, q += channels) {
      const p = (i * (side + 2) + j) * channels;
      if (bias)
        for (let k = 0; k < channels; k++) sums[q + k] = (rows[p + k] as number) + (bias[o0 + k] as number);
      else for (let k = 0; k < channels; k++) sums[q + k] = rows[p + k] as number;
      if (!residual) continue;
      const r = sample * image + ((top + i) * ow + left + j) * added + o0;
      for (let k = 0; k < channels; k++) sums[q + k] = (sums[q + k] as number) + (residual[r + k] as number);
    }
  }
  activate(act, alpha, beta, q);
  q = 0;
  for (let i = 0; i < lines; i++) {
    for (let j = 0; j < columns; j++, q += channels) {
      const to = (sample * oh * ow + (top + i) * ow + left + j) * pixel + o0;
      for (let k = 0; k < channels; k++) y[to + k] = sums[q + k] as number;
    }
  }
}
