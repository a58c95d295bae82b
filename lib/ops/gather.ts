import type { Geometry, Make } from './op.js';
import { workspace } from './workspace.js';

const rows = workspace.rows;

/** A matrix whose rows lie `stride` floats apart. */
export interface RowSource {
  readonly x: Float32Array;
  readonly at: number;
  readonly stride: number;
}

/** rows[i, j] = x[m0 + i, k0 + j] */
export function gatherRows({ x, at, stride }: RowSource, m0: number, m: number, k0: number, k: number): void {
  for (let i = 0; i < m; i++) copy(x, at + (m0 + i) * stride + k0, 1, i * k, 1, k);
}

/** The same from a matrix that lies transposed: rows[i, j] = x[k0 + j, m0 + i]. */
export function gatherColumns(
  { x, at, stride }: RowSource,
  m0: number,
  m: number,
  k0: number,
  k: number,
): void {
  for (let j = 0; j < k; j++) copy(x, at + (k0 + j) * stride + m0, 1, j, k, m);
}

/** Images of which each place of a window is a row [kh, kw, channels]; the channels may be some of all. */
export interface ImageSource {
  readonly x: Float32Array;
  readonly at: number;
  readonly channels: number;
  /** Floats from one pixel to the next. */
  readonly pixel: number;
  readonly geometry: Geometry;
}

/**
 * Within a row, what lies side by side in the image too is one run: a line of the window, or its single cells where
 * those are apart. Runs go outside, so that what depends on the line of the image is decided once.
 */
export function gatherImage(source: ImageSource, m0: number, m: number, k0: number, k: number): void {
  const { x, at, channels, pixel, geometry } = source;
  const { h = 0, w = 0, oh = 0, ow = 0, kw = 0, sh = 0, sw = 0, dh = 0, dw = 0, pt = 0, pl = 0 } = geometry;
  const whole = channels === pixel && dw === 1;
  const run = whole ? kw * pixel : channels;
  const perLine = whole ? 1 : kw;
  const lastRun = ((k0 + k - 1) / run) | 0;
  for (let i = 0; i < m; ) {
    const line = ((m0 + i) / ow) | 0;
    const ox = m0 + i - line * ow;
    const count = Math.min(ow - ox, m - i);
    const image = (line / oh) | 0;
    const top = (line - image * oh) * sh - pt;
    for (let r = (k0 / run) | 0; r <= lastRun; r++) {
      const from = Math.max(k0 - r * run, 0);
      const to = Math.min(k0 + k - r * run, run);
      const ky = (r / perLine) | 0;
      const iy = top + ky * dh;
      const ix = ox * sw - pl + (r - ky * perLine) * dw;
      const q = i * k + r * run - k0;
      if (iy < 0 || iy >= h) zero(q + from, to - from, count, k);
      else {
        const line = at + (image * h + iy) * w * pixel;
        copyRuns(x, line, w * pixel, ix * pixel, sw * pixel, from, to, q, count, k);
      }
    }
    i += count;
  }
}

function zero(q: number, length: number, count: number, pitch: number): void {
  for (let i = 0; i < count; i++, q += pitch) {
    for (let j = 0; j < length; j++) rows[q + j] = 0;
  }
}

/** Floats `from` to `to` of `count` runs, the first `left` floats into a line of the image, the next `step` farther. */
function copyRuns(
  x: Float32Array,
  line: number,
  length: number,
  left: number,
  step: number,
  from: number,
  to: number,
  q: number,
  count: number,
  pitch: number,
): void {
  const first = Math.min(Math.max(Math.ceil(-(left + from) / step), 0), count) | 0;
  const end = Math.max(Math.min(Math.floor((length - to - left) / step) + 1, count), first) | 0;
  copyClipped(x, line, length, left, step, from, to, q, first, pitch);
  copyInside(x, line + left + first * step, step, from, to, q + first * pitch, end - first, pitch);
  copyClipped(x, line, length, left + end * step, step, from, to, q + end * pitch, count - end, pitch);
}

/** Runs that reach over an end of the line, where zeros take the place of cells. */
function copyClipped(
  x: Float32Array,
  line: number,
  length: number,
  left: number,
  step: number,
  from: number,
  to: number,
  q: number,
  count: number,
  pitch: number,
): void {
  for (let i = 0; i < count; i++, left += step, q += pitch) {
    const low = Math.min(Math.max(from, -left), to);
    const high = Math.max(Math.min(to, length - left), low);
    for (let j = from; j < low; j++) rows[q + j] = 0;
    for (let j = low, p = line + left; j < high; j++) rows[q + j] = x[p + j] as number;
    for (let j = high; j < to; j++) rows[q + j] = 0;
  }
}

/** The others. Short runs are copied side by side: the longer loop goes inside. */
function copyInside(
  x: Float32Array,
  p: number,
  step: number,
  from: number,
  to: number,
  q: number,
  count: number,
  pitch: number,
): void {
  if (to - from < count) {
    for (let j = from; j < to; j++) copy(x, p + j, step, q + j, pitch, count);
  } else {
    for (let i = 0; i < count; i++, p += step, q += pitch) copy(x, p + from, 1, q + from, 1, to - from);
  }
}

/** `count` numbers of x from `p` on to rows from `q` on; four at a time take a third less than one at a time. */
export function copy(
  x: Float32Array,
  p: number,
  step: number,
  q: number,
  pitch: number,
  count: number,
): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, p += 4 * step, q += 4 * pitch) {
    const a = x[p] as number;
    const b = x[p + step] as number;
    const c = x[p + 2 * step] as number;
    const d = x[p + 3 * step] as number;
    rows[q] = a;
    rows[q + pitch] = b;
    rows[q + 2 * pitch] = c;
    rows[q + 3 * pitch] = d;
  }
  for (; i < count; i++, p += step, q += pitch) rows[q] = x[p] as number;
}

export function newFloats(length: number): Float32Array {
  return new Float32Array(length);
}

/** [count] matrices, [rows, columns] -> [columns, rows], in small squares so that both sides stay in the cache. */
export function transposed(
  matrices: Float32Array,
  count: number,
  rowCount: number,
  columnCount: number,
  make: Make = newFloats,
): Float32Array {
  const result = make(matrices.length);
  const side = 32;
  for (let at = 0; at < count * rowCount * columnCount; at += rowCount * columnCount) {
    for (let r0 = 0; r0 < rowCount; r0 += side) {
      const rowEnd = Math.min(r0 + side, rowCount);
      for (let c0 = 0; c0 < columnCount; c0 += side) {
        const columnEnd = Math.min(c0 + side, columnCount);
        for (let r = r0; r < rowEnd; r++) {
          for (let c = c0; c < columnEnd; c++) {
            result[at + c * rowCount + r] = matrices[at + r * columnCount + c] as number;
          }
        }
      }
    }
  }
  return result;
}
