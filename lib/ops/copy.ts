import { OptionError, show } from '../errors.js';
import { elements, type Pair } from '../geometry.js';
import { input, inputCount, output } from './check.js';
import type { Geometry, Op } from './op.js';
import { collapsed, numbered, numberedNames } from './strided.js';
import { expanded, padded, permuted, sliced, tiled, upsampled, type Walk } from './walks.js';

/** Axes are those of the sample, the batch not counted. */
export type CopyAttributes =
  /** Axis i of the output is axis `axes[i]` of the input. */
  | { readonly kind: 'permute'; readonly axes: readonly number[] }
  /** [before, after] per axis, filled with `value`. */
  | { readonly kind: 'pad'; readonly pads: readonly Pair[]; readonly value: number }
  /** Each pixel of [h, w, c] repeated (nearest neighbour). */
  | { readonly kind: 'upsample'; readonly size: Pair }
  /** `size[i]` elements per axis, from element `begin[i]` on, `step[i]` apart (1 unless given; backwards where negative). */
  | {
      readonly kind: 'slice';
      readonly begin: readonly number[];
      readonly size: readonly number[];
      readonly step?: readonly number[];
    }
  /** Axes of length 1, and those that are missing in front, repeated until the shape is `shape`. */
  | { readonly kind: 'expand'; readonly shape: readonly number[] }
  /** The whole repeated `repeats[i]` times along axis i. */
  | { readonly kind: 'tile'; readonly repeats: readonly number[] };

/** Elements moved as they are: for every index j of the box d, out[to + j . o] = in[from + j . i]. */
export const copy: Op<CopyAttributes> = {
  id: 'copy',
  ints: [...numberedNames('d', 'i', 'o'), 'from', 'to', 'fill'],
  floats: ['value'],

  infer(attributes, inputs) {
    inputCount(inputs, 1);
    const { shape, perSample } = input(inputs, 0, 'x');
    elements(shape);
    const walk = walkOf(attributes, shape);
    const inferred = output(walk.shape, perSample);
    collapsed(walk);
    return inferred;
  },

  geometry(attributes, [x]) {
    const walk = walkOf(attributes, x?.shape ?? []);
    const { from = 0, to = 0, value } = walk;
    const { lengths, strides } = collapsed(walk);
    return {
      ...numbered('d', lengths),
      ...numbered('i', strides[0] ?? []),
      ...numbered('o', strides[1] ?? []),
      from,
      to,
      fill: value === undefined ? 0 : 1,
      value: value ?? 0,
    };
  },

  run({ geometry, batch, inputs, inputStrides, outputs, outputStride }) {
    const { fill = 0, value = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    if (fill) y.fill(value);
    for (let sample = 0; sample < batch; sample++) {
      move(geometry, x, sample * (inputStrides[0] ?? 0), y, sample * outputStride);
    }
  },
};

function move(geometry: Geometry, x: Float32Array, xAt: number, y: Float32Array, yAt: number): void {
  const {
    d0 = 1,
    d1 = 1,
    d2 = 1,
    d3 = 1,
    d4 = 1,
    d5 = 1,
    i0 = 0,
    i1 = 0,
    i2 = 0,
    i3 = 0,
    i4 = 0,
    i5 = 0,
  } = geometry;
  const { o0 = 0, o1 = 0, o2 = 0, o3 = 0, o4 = 0, o5 = 0, from = 0, to = 0 } = geometry;
  for (let a = 0; a < d0; a++) {
    for (let b = 0; b < d1; b++) {
      for (let c = 0; c < d2; c++) {
        for (let d = 0; d < d3; d++) {
          const p = xAt + from + a * i0 + b * i1 + c * i2 + d * i3;
          const q = yAt + to + a * o0 + b * o1 + c * o2 + d * o3;
          plane(x, p, i4, i5, y, q, o4, o5, d4, d5);
        }
      }
    }
  }
}

function plane(
  x: Float32Array,
  p: number,
  i4: number,
  i5: number,
  y: Float32Array,
  q: number,
  o4: number,
  o5: number,
  d4: number,
  d5: number,
): void {
  for (let e = 0; e < d4; e++, p += i4, q += o4) {
    for (let f = 0, r = p, s = q; f < d5; f++, r += i5, s += o5) y[s] = x[r] as number;
  }
}

function walkOf(attributes: CopyAttributes, shape: readonly number[]): Walk {
  switch (attributes.kind) {
    case 'permute':
      return permuted(attributes.axes, shape);
    case 'pad':
      return padded(attributes.pads, attributes.value, shape);
    case 'upsample':
      return upsampled(attributes.size, shape);
    case 'slice':
      return sliced(attributes.begin, attributes.size, attributes.step, shape);
    case 'expand':
      return expanded(attributes.shape, shape);
    case 'tile':
      return tiled(attributes.repeats, shape);
    default:
      throw new OptionError(
        `expected kind to be one of permute, pad, upsample, slice, expand, tile, got ${show((attributes as { kind?: unknown }).kind)}`,
      );
  }
}
