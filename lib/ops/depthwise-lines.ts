import { activate } from './activate.js';
import type { Geometry, KernelArgs } from './op.js';
import { sizes, workspace } from './workspace.js';

/**
 * Depthwise convolution one channel after the other: a window moves along lines of one channel, so that a loop keeps its
 * weights in registers. For that, some channels of the lines under a row of windows are copied out of the image, each
 * line once, with zeros for the padding.
 */

const lines = workspace.rows;
const sums = workspace.sums;

/** Channels at a time: their floats are one line of a cache. */
const channelBlock = 16;

/** What is copied at a time: of each channel the last `span` lines, `length` cells of each, for `columns` windows. */
interface Block {
  readonly span: number;
  readonly length: number;
  readonly columns: number;
  readonly channels: number;
}

/** Undefined where not even the window itself has room. */
export function blockOf({
  c = 0,
  ow = 0,
  kh = 0,
  kw = 0,
  sw = 0,
  dh = 0,
  dw = 0,
}: Geometry): Block | undefined {
  const span = (kh - 1) * dh + 1;
  const width = (kw - 1) * dw + 1;
  const most = Math.floor((Math.floor(sizes.rows / span) - width) / sw) + 1;
  if (most < 1) return undefined;
  const columns = Math.ceil(ow / Math.ceil(ow / Math.min(most, sizes.sums)));
  const length = (columns - 1) * sw + width;
  return {
    span,
    length,
    columns,
    channels: Math.min(c, channelBlock, Math.floor(sizes.rows / (span * length))),
  };
}

export function runLines(args: KernelArgs, block: Block): void {
  const { geometry, batch } = args;
  const { c = 0, oh = 0, ow = 0, sh = 0 } = geometry;
  for (let image = 0; image < batch; image++) {
    for (let x0 = 0; x0 < ow; x0 += block.columns) {
      const columns = Math.min(block.columns, ow - x0);
      for (let c0 = 0; c0 < c; c0 += block.channels) {
        const channels = Math.min(block.channels, c - c0);
        // Lines are counted from the first one of the padding.
        for (let oy = 0, next = 0; oy < oh; oy++) {
          const end = oy * sh + block.span;
          for (let r = Math.max(next, oy * sh); r < end; r++) load(args, block, image, r, x0, c0, channels);
          next = end;
          addLine(args, block, image * oh + oy, x0, columns, c0, channels);
        }
      }
    }
  }
}

/** Line `r` of the padded image takes the place of line r - span. */
function load(
  { geometry, inputs, inputPitches }: KernelArgs,
  { span, length }: Block,
  image: number,
  r: number,
  x0: number,
  c0: number,
  channels: number,
): void {
  const { h = 0, w = 0, c = 0, sw = 0, pt = 0, pl = 0 } = geometry;
  const x = inputs[0] as Float32Array;
  const pixel = inputPitches[0] || c;
  const iy = r - pt;
  const left = x0 * sw - pl;
  const inside = iy >= 0 && iy < h;
  const first = inside ? Math.min(Math.max(-left, 0), length) : length;
  const end = Math.max(Math.min(w - left, length), first);
  const from = ((image * h + iy) * w + left + first) * pixel + c0;
  let q = (r % span) * length;
  const pitch = span * length;
  for (let i = 0, at = q; i < channels; i++, at += pitch) {
    for (let j = 0; j < first; j++) lines[at + j] = 0;
    for (let j = end; j < length; j++) lines[at + j] = 0;
  }
  let i = 0;
  for (; i + 4 <= channels; i += 4, q += 4 * pitch) {
    const q1 = q + pitch;
    const q2 = q1 + pitch;
    const q3 = q2 + pitch;
    for (let j = first, p = from + i; j < end; j++, p += pixel) {
      lines[q + j] = x[p] as number;
      lines[q1 + j] = x[p + 1] as number;
      lines[q2 + j] = x[p + 2] as number;
      lines[q3 + j] = x[p + 3] as number;
    }
  }
  for (; i < channels; i++, q += pitch) {
    for (let j = first, p = from + i; j < end; j++, p += pixel) lines[q + j] = x[p] as number;
  }
}

/** The outputs of some channels for one row of windows. */
function addLine(
  { geometry, inputs, outputs, outputPitch, packed }: KernelArgs,
  { span, length }: Block,
  line: number,
  x0: number,
  columns: number,
  c0: number,
  channels: number,
): void {
  const { c = 0, oh = 0, ow = 0, oc = 0, sh = 0, act = 0, alpha = 0, beta = 0 } = geometry;
  const bias = inputs[2];
  const y = outputs[0] as Float32Array;
  const pixel = outputPitch || oc;
  const multiplier = oc / c;
  const top = (line % oh) * sh;
  const most = Math.floor(sizes.sums / columns);
  const last = (c0 + channels) * multiplier;
  for (let o0 = c0 * multiplier; o0 < last; o0 += most) {
    const end = Math.min(o0 + most, last);
    for (let o = o0, at = 0; o < end; o++, at += columns) {
      const channel = Math.floor(o / multiplier) - c0;
      const start = bias ? (bias[o] as number) : 0;
      sumWindows(geometry, packed, o, channel * span * length, span, length, top, start, at, columns);
    }
    activate(act, alpha, beta, (end - o0) * columns);
    const to = (line * ow + x0) * pixel;
    store(y, to + o0, pixel, end - o0, columns);
  }
}

/** Writes lines of sums as the channels of pixels. */
function store(y: Float32Array, q: number, pixel: number, channels: number, columns: number): void {
  let at = 0;
  let i = 0;
  for (; i + 4 <= channels; i += 4, at += 4 * columns) {
    const at1 = at + columns;
    const at2 = at1 + columns;
    const at3 = at2 + columns;
    for (let j = 0, to = q + i; j < columns; j++, to += pixel) {
      y[to] = sums[at + j] as number;
      y[to + 1] = sums[at1 + j] as number;
      y[to + 2] = sums[at2 + j] as number;
      y[to + 3] = sums[at3 + j] as number;
    }
  }
  for (; i < channels; i++, at += columns) {
    for (let j = 0, to = q + i; j < columns; j++, to += pixel) y[to] = sums[at + j] as number;
  }
}

/** The sums, from `at` on, of a row of windows whose lines are in a ring at `base`. */
function sumWindows(
  { oc = 0, kh = 0, kw = 0, sw = 0, dh = 0, dw = 0 }: Geometry,
  kernel: Float32Array,
  o: number,
  base: number,
  span: number,
  length: number,
  top: number,
  start: number,
  at: number,
  columns: number,
): void {
  if (kh === 3 && kw === 3) {
    const p0 = base + (top % span) * length;
    const p1 = base + ((top + dh) % span) * length;
    const p2 = base + ((top + 2 * dh) % span) * length;
    sumNine(p0, p1, p2, sw, dw, kernel, o, oc, start, at, columns);
    return;
  }
  for (let i = 0; i < columns; i++) sums[at + i] = start;
  for (let ky = 0; ky < kh; ky++) {
    const p = base + ((top + ky * dh) % span) * length;
    let kx = 0;
    for (; kx + 5 <= kw; kx += 5)
      addFive(p + kx * dw, sw, dw, kernel, (ky * kw + kx) * oc + o, oc, at, columns);
    for (; kx < kw; kx++) addOne(p + kx * dw, sw, kernel[(ky * kw + kx) * oc + o] as number, at, columns);
  }
}

/** The window of 3x3. */
function sumNine(
  p0: number,
  p1: number,
  p2: number,
  step: number,
  apart: number,
  kernel: Float32Array,
  q: number,
  pitch: number,
  start: number,
  at: number,
  count: number,
): void {
  const k0 = kernel[q] as number;
  const k1 = kernel[q + pitch] as number;
  const k2 = kernel[q + 2 * pitch] as number;
  const k3 = kernel[q + 3 * pitch] as number;
  const k4 = kernel[q + 4 * pitch] as number;
  const k5 = kernel[q + 5 * pitch] as number;
  const k6 = kernel[q + 6 * pitch] as number;
  const k7 = kernel[q + 7 * pitch] as number;
  const k8 = kernel[q + 8 * pitch] as number;
  for (let i = 0, p = 0; i < count; i++, p += step) {
    const a = p0 + p;
    const b = p1 + p;
    const c = p2 + p;
    sums[at + i] =
      start +
      (lines[a] as number) * k0 +
      (lines[a + apart] as number) * k1 +
      (lines[a + 2 * apart] as number) * k2 +
      (lines[b] as number) * k3 +
      (lines[b + apart] as number) * k4 +
      (lines[b + 2 * apart] as number) * k5 +
      (lines[c] as number) * k6 +
      (lines[c + apart] as number) * k7 +
      (lines[c + 2 * apart] as number) * k8;
  }
}

/** Five cells of a line side by side. */
function addFive(
  p: number,
  step: number,
  apart: number,
  kernel: Float32Array,
  q: number,
  pitch: number,
  at: number,
  count: number,
): void {
  const k0 = kernel[q] as number;
  const k1 = kernel[q + pitch] as number;
  const k2 = kernel[q + 2 * pitch] as number;
  const k3 = kernel[q + 3 * pitch] as number;
  const k4 = kernel[q + 4 * pitch] as number;
  for (let i = 0; i < count; i++, p += step) {
    sums[at + i] =
      (sums[at + i] as number) +
      (lines[p] as number) * k0 +
      (lines[p + apart] as number) * k1 +
      (lines[p + 2 * apart] as number) * k2 +
      (lines[p + 3 * apart] as number) * k3 +
      (lines[p + 4 * apart] as number) * k4;
  }
}

function addOne(p: number, step: number, weight: number, at: number, count: number): void {
  for (let i = 0; i < count; i++, p += step) {
    sums[at + i] = (sums[at + i] as number) + (lines[p] as number) * weight;
  }
}
