import { ShapeError } from '../errors.js';
import { type Pair, positive, type Window, windowPlaces } from '../geometry.js';
import { type Activated, activationFields } from './activation.js';
import { checkActivation, image, inputCount, listed, output, vector, weights } from './check.js';
import { gatherImage, transposed } from './gather.js';
import { multiply } from './gemm.js';
import type { Op } from './op.js';
import { windowFields, windowInts } from './window.js';

export interface Conv2dAttributes extends Window, Activated {
  readonly groups: number;
}

/**
 * x [h, w, c], kernel [kh, kw, c / groups, oc], bias [oc] -> [oh, ow, oc]
 * y[i, j, o] = act(bias[o] + sum over p, q, ci of x[i sh + p dh - pt, j sw + q dw - pl, ci] kernel[p, q, ci, o])
 */
export const conv2d: Op<Conv2dAttributes> = {
  id: 'conv2d',
  ints: [...windowInts, 'groups', 'bias', 'act'],
  floats: ['alpha', 'beta'],
  packs: 1,

  infer(attributes, inputs) {
    inputCount(inputs, 2, 3);
    const { groups } = attributes;
    const { size, channels, perSample } = image(inputs);
    const kernel = weights(inputs, 1, 'kernel', '[height, width, channels / groups, filters]', 4);
    const [kh, kw, perGroup, filters] = kernel as [number, number, number, number];
    positive('groups', groups);
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new ShapeError(
        `expected groups to divide input channels and filters, got ${groups} for ${channels} and ${filters}`,
      );
    }
    if (perGroup * groups !== channels) {
      throw new ShapeError(
        `expected an input with ${perGroup * groups} channels for kernel ${listed(kernel)}${
          groups === 1 ? '' : ` in ${groups} groups`
        }, got ${channels}`,
      );
    }
    if (inputs.length > 2) vector(inputs, 2, 'bias', filters);
    checkActivation(attributes);
    return output([...windowPlaces(size, [kh, kw], attributes), filters], perSample);
  },

  geometry(attributes, [x, kernel, bias], [y]) {
    return {
      ...windowFields(attributes, x, y, kernel?.shape as Pair),
      groups: attributes.groups,
      bias: bias ? 1 : 0,
      ...activationFields(attributes),
    };
  },

  /** [kh, kw, c / groups, oc] -> [oc][kh kw c / groups] */
  pack({ oc = 0 }, weights) {
    return transposed(weights, weights.length / oc, oc);
  },

  run({ geometry, batch, inputs, outputs, packed }) {
    const { c = 0, oh = 0, ow = 0, oc = 0, kh = 0, kw = 0, groups = 1 } = geometry;
    const { act = 0, alpha = 0, beta = 0 } = geometry;
    const [perGroup, filters] = [c / groups, oc / groups];
    const k = kh * kw * perGroup;
    const m = batch * oh * ow;
    for (let group = 0; group < groups; group++) {
      const source = { x: inputs[0] as Float32Array, at: group * perGroup, channels: perGroup, geometry };
      multiply(
        {
          m,
          n: filters,
          k,
          b: packed,
          bAt: group * filters * k,
          bias: inputs[2],
          biasAt: group * filters,
          y: outputs[0] as Float32Array,
          place: { start: group * filters, width: m, height: 1, pixel: oc, line: 0, image: 0 },
          act,
          alpha,
          beta,
        },
        source,
        gatherImage,
      );
    }
  },
};
