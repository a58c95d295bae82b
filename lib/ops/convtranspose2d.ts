import { ShapeError } from '../errors.js';
import { type Pair, transposedSize, type Window } from '../geometry.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, image, inputCount, listed, output, vector, weights } from './check.js';
import { gatherImage, newFloats } from './gather.js';
import { multiply } from './gemm.js';
import type { Geometry, Op } from './op.js';
import { windowFields, windowInts } from './window.js';

export interface ConvTranspose2dAttributes extends Window, Activated {
  readonly outputPadding: Pair;
}

/**
 * x [h, w, c], kernel [kh, kw, oc, c], bias [oc] -> [oh, ow, oc] with oh = (h - 1) sh - padding + dh (kh - 1) + 1 +
 * outputPadding. y[i sh + p dh - pt, j sw + q dw - pl, o] gets x[i, j, ci] kernel[p, q, o, ci]; then bias, activation.
 */
export const convtranspose2d: Op<ConvTranspose2dAttributes> = {
  id: 'convtranspose2d',
  ints: [...windowInts, 'bias', 'act'],
  floats: ['alpha', 'beta'],
  packs: 1,
  pitched: { inputs: [], output: true },

  infer(attributes, inputs) {
    inputCount(inputs, 2, 3);
    const { size, channels, perSample } = image(inputs);
    const kernel = weights(inputs, 1, 'kernel', '[height, width, filters, channels]', 4);
    const [kh, kw, filters, expected] = kernel as [number, number, number, number];
    if (expected !== channels) {
      throw new ShapeError(
        `expected an input with ${expected} channels for kernel ${listed(kernel)}, got ${channels}`,
      );
    }
    if (inputs.length > 2) vector(inputs, 2, 'bias', filters);
    checkActivation(attributes);
    return output(
      [...transposedSize(size, [kh, kw], attributes, attributes.outputPadding), filters],
      perSample,
    );
  },

  geometry(attributes, [x, kernel, bias], [y]) {
    return {
      ...windowFields(attributes, x, y, kernel?.shape as Pair),
      bias: bias ? 1 : 0,
      ...activationFields(attributes),
    };
  },

  /** [kh, kw, oc, c] -> for each pair of phases [oc][taps c] */
  pack(geometry, weights, make = newFloats) {
    const { c = 0, oc = 0, kw = 0 } = geometry;
    const packed = make(weights.length);
    let at = 0;
    for (const [vertical, horizontal] of phases(geometry)) {
      for (let o = 0; o < oc; o++) {
        for (const ky of vertical.taps) {
          for (const kx of horizontal.taps) {
            const from = ((ky * kw + kx) * oc + o) * c;
            packed.set(weights.subarray(from, from + c), at);
            at += c;
          }
        }
      }
    }
    return packed;
  },

  run({ geometry, batch, inputs, outputs, outputPitch, packed }) {
    const {
      h = 0,
      w = 0,
      c = 0,
      oh = 0,
      ow = 0,
      oc = 0,
      sh = 0,
      sw = 0,
      act = 0,
      alpha = 0,
      beta = 0,
    } = geometry;
    const [x, , bias] = inputs as [Float32Array, Float32Array, Float32Array | undefined];
    const pixel = outputPitch || oc;
    let at = 0;
    for (const [vertical, horizontal] of phases(geometry)) {
      const k = vertical.taps.length * horizontal.taps.length * c;
      multiply(
        {
          m: batch * vertical.places * horizontal.places,
          n: oc,
          k,
          b: packed,
          bAt: at,
          bias,
          biasAt: 0,
          residual: undefined,
          y: outputs[0] as Float32Array,
          place: {
            start: (vertical.phase * ow + horizontal.phase) * pixel,
            width: horizontal.places,
            height: vertical.places,
            pixel: sw * pixel,
            line: sh * ow * pixel,
            image: oh * ow * pixel,
          },
          act,
          alpha,
          beta,
        },
        { x, at: 0, channels: c, pixel: c, geometry: convolution(h, w, c, vertical, horizontal) },
        gatherImage,
      );
      at += oc * k;
    }
  },
};

/**
 * Outputs whose distance is a multiple of the stride see the same taps of the kernel, and for them the op is an
 * ordinary convolution of stride 1. These are the outputs phase, phase + s, ... of one axis.
 */
interface Phase {
  readonly phase: number;
  readonly places: number;
  /** Descending, so that input cells ascend: place i reads from i - pad on, every `dilation`-th cell. */
  readonly taps: readonly number[];
  readonly dilation: number;
  readonly pad: number;
}

function phases(geometry: Geometry): [Phase, Phase][] {
  const { oh = 0, ow = 0, kh = 0, kw = 0, sh = 0, sw = 0, dh = 0, dw = 0, pt = 0, pl = 0 } = geometry;
  const horizontal = phasesOf(ow, kw, sw, dw, pl);
  return phasesOf(oh, kh, sh, dh, pt).flatMap((row) =>
    horizontal.map((column): [Phase, Phase] => [row, column]),
  );
}

function phasesOf(
  outputs: number,
  window: number,
  stride: number,
  dilation: number,
  padding: number,
): Phase[] {
  const all = Array.from({ length: window }, (_, i) => window - 1 - i);
  return Array.from({ length: Math.min(stride, outputs) }, (_, phase) => {
    const taps = all.filter((tap) => (phase + padding - tap * dilation) % stride === 0);
    const [first = 0, second = first - stride] = taps;
    return {
      phase,
      places: Math.ceil((outputs - phase) / stride),
      taps,
      dilation: ((first - second) * dilation) / stride,
      pad: (first * dilation - phase - padding) / stride,
    };
  });
}

function convolution(h: number, w: number, c: number, vertical: Phase, horizontal: Phase): Geometry {
  return {
    h,
    w,
    c,
    oh: vertical.places,
    ow: horizontal.places,
    kw: horizontal.taps.length,
    sh: 1,
    sw: 1,
    dh: vertical.dilation,
    dw: horizontal.dilation,
    pt: vertical.pad,
    pl: horizontal.pad,
  };
}
