import { type Pair, type Window, windowPlaces } from '../geometry.js';
import { image, inputCount, output } from './check.js';
import type { Op } from './op.js';
import { windowFields, windowInts } from './window.js';

export interface Im2colAttributes extends Window {
  readonly kernelSize: Pair;
}

/** The cells under each place of a window as one row: x [h, w, c] -> [oh, ow, kh kw c]; padding gives 0. */
export const im2col: Op<Im2colAttributes> = {
  id: 'im2col',
  ints: windowInts,
  floats: [],

  infer(attributes, inputs) {
    inputCount(inputs, 1);
    const { size, channels, perSample } = image(inputs);
    const { kernelSize } = attributes;
    const places = windowPlaces(size, kernelSize, attributes);
    return output([...places, kernelSize[0] * kernelSize[1] * channels], perSample);
  },

  geometry(attributes, [x], [y]) {
    return windowFields(attributes, x, y, attributes.kernelSize);
  },

  run({ geometry, batch, inputs, outputs }) {
    const { h = 0, w = 0, c = 0, oh = 0, ow = 0, kh = 0, kw = 0 } = geometry;
    const { sh = 0, sw = 0, dh = 0, dw = 0, pt = 0, pl = 0 } = geometry;
    const [x, y] = [inputs[0] as Float32Array, outputs[0] as Float32Array];
    let at = 0;
    for (let line = 0; line < batch * oh; line++) {
      const image = Math.floor(line / oh);
      const top = (line - image * oh) * sh - pt;
      for (let ox = 0; ox < ow; ox++) {
        for (let ky = 0; ky < kh; ky++) {
          const iy = top + ky * dh;
          for (let kx = 0; kx < kw; kx++, at += c) {
            const ix = ox * sw - pl + kx * dw;
            const inside = iy >= 0 && iy < h && ix >= 0 && ix < w;
            const p = ((image * h + iy) * w + ix) * c;
            for (let i = 0; i < c; i++) y[at + i] = inside ? (x[p + i] as number) : 0;
          }
        }
      }
    }
  },
};
