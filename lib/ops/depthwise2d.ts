import { ShapeError } from '../errors.js';
import { type Window, windowPlaces } from '../geometry.js';
import { activate } from './activate.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, image, input, inputCount, kernel, listed, output, vector } from './check.js';
import { blockOf, runLines } from './depthwise-lines.js';
import { transposed } from './gather.js';
import type { Geometry, KernelArgs, Op, Shaped } from './op.js';
import { type KernelOrder, windowFields, windowInts } from './window.js';
import { workspace } from './workspace.js';

const sums = workspace.sums;

export interface Depthwise2dAttributes extends Window, Activated, KernelOrder {}

const kernelRules = {
  hwio: '[height, width, channels, multiplier]',
  oihw: '[channels * multiplier, 1, height, width]',
};

/** Window and multiplier of the kernel. */
function kernelOf(attributes: Depthwise2dAttributes, inputs: readonly Shaped[], channels: number) {
  const [kh, kw, i, o] = kernel(inputs, attributes, kernelRules);
  const shape = listed(input(inputs, 1, 'kernel').shape);
  if (attributes.kernelOrder === 'oihw') {
    if (i !== 1) throw new ShapeError(`expected kernel to be ${kernelRules.oihw}, got ${shape}`);
    if (o % channels !== 0) {
      throw new ShapeError(
        `expected an input with channels that divide the filters of kernel ${shape}, got ${channels}`,
      );
    }
    return { kh, kw, multiplier: o / channels };
  }
  if (i !== channels) {
    throw new ShapeError(`expected an input with ${i} channels for kernel ${shape}, got ${channels}`);
  }
  return { kh, kw, multiplier: o };
}

/**
 * x [h, w, c], kernel [kh, kw, c, multiplier] or [c multiplier, 1, kh, kw], bias [c multiplier] -> [oh, ow, c multiplier]
 * y[i, j, ci multiplier + m] = act(bias + sum over p, q of x[i sh + p dh - pt, j sw + q dw - pl, ci] kernel[p, q, ci, m])
 */
export const depthwise2d: Op<Depthwise2dAttributes> = {
  id: 'depthwise2d',
  ints: [...windowInts, 'bias', 'oihw', 'act'],
  floats: ['alpha', 'beta'],
  packs: 1,
  pitched: { inputs: [0], output: true },

  infer(attributes, inputs) {
    inputCount(inputs, 2, 3);
    const { size, channels, perSample } = image(inputs);
    const { kh, kw, multiplier } = kernelOf(attributes, inputs, channels);
    if (inputs.length > 2) vector(inputs, 2, 'bias', channels * multiplier);
    checkActivation(attributes);
    return output([...windowPlaces(size, [kh, kw], attributes), channels * multiplier], perSample);
  },

  geometry(attributes, inputs, [y]) {
    return {
      ...windowFields(attributes, inputs[0], y, kernel(inputs, attributes, kernelRules)),
      bias: inputs.length > 2 ? 1 : 0,
      oihw: attributes.kernelOrder === 'oihw' ? 1 : 0,
      ...activationFields(attributes),
    };
  },

  /** [kh, kw, c, multiplier] or [c multiplier, 1, kh, kw] -> [kh, kw, c multiplier] */
  pack({ oc = 0, kh = 0, kw = 0, oihw = 0 }, weights, make) {
    return oihw ? transposed(weights, 1, oc, kh * kw, make) : weights;
  },

  run(args) {
    const block = blockOf(args.geometry);
    if (block) runLines(args, block);
    else runWindows(args);
  },
};

/** Window after window, for those of which not even one channel fits into the workspace. */
function runWindows({
  geometry,
  batch,
  inputs,
  inputPitches,
  outputs,
  outputPitch,
  packed,
}: KernelArgs): void {
  const { h = 0, w = 0, c = 0, oh = 0, ow = 0, oc = 0, act = 0, alpha = 0, beta = 0 } = geometry;
  const [x, , bias] = inputs as [Float32Array, Float32Array, Float32Array | undefined];
  const y = outputs[0] as Float32Array;
  const from = inputPitches[0] || c;
  const to = outputPitch || oc;
  for (let line = 0; line < batch * oh; line++) {
    const image = Math.floor(line / oh);
    const oy = line - image * oh;
    for (let ox = 0; ox < ow; ox++) {
      const at = (line * ow + ox) * to;
      for (let o = 0; o < oc; o += sums.length) {
        const count = Math.min(sums.length, oc - o);
        begin(bias, o, count);
        addWindow(geometry, x, image * h * w * from, from, packed, oy, ox, o, count);
        activate(act, alpha, beta, count);
        for (let i = 0; i < count; i++) y[at + o + i] = sums[i] as number;
      }
    }
  }
}

function begin(bias: Float32Array | undefined, at: number, count: number): void {
  if (bias) for (let i = 0; i < count; i++) sums[i] = bias[at + i] as number;
  else for (let i = 0; i < count; i++) sums[i] = 0;
}

/** The cells of one window that lie inside the image, for output channels `o` to `o + count`. */
function addWindow(
  { h = 0, w = 0, c = 0, oc = 0, kh = 0, kw = 0, sh = 0, sw = 0, dh = 0, dw = 0, pt = 0, pl = 0 }: Geometry,
  x: Float32Array,
  image: number,
  pixel: number,
  kernel: Float32Array,
  oy: number,
  ox: number,
  o: number,
  count: number,
): void {
  const left = ox * sw - pl;
  const first = left < 0 ? Math.ceil(-left / dw) : 0;
  const end = Math.min(Math.ceil((w - left) / dw), kw);
  const multiplier = oc / c;
  const channel = Math.floor(o / multiplier);
  for (let ky = 0; ky < kh; ky++) {
    const iy = oy * sh - pt + ky * dh;
    if (iy < 0 || iy >= h) continue;
    for (let kx = first; kx < end; kx++) {
      const p = image + (iy * w + left + kx * dw) * pixel + channel;
      addCell(x, p, kernel, (ky * kw + kx) * oc + o, count, multiplier, o % multiplier);
    }
  }
}

/** Each channel of x goes into `multiplier` sums; the first one has `done` of them behind it. */
function addCell(
  x: Float32Array,
  p: number,
  kernel: Float32Array,
  q: number,
  count: number,
  multiplier: number,
  done: number,
): void {
  for (let i = 0; i < count; i++) {
    sums[i] = (sums[i] as number) + (x[p] as number) * (kernel[q + i] as number);
    if (++done < multiplier) continue;
    done = 0;
    p++;
  }
}
