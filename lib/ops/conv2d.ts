import { ShapeError } from '../errors.js';
import { positive, type Window, windowPlaces } from '../geometry.js';
import { type Activated, activationFields } from './activation.js';
import { averagepool2d } from './averagepool2d.js';
import { checkActivation, image, input, inputCount, kernel, listed, output, vector } from './check.js';
import { gatherImage, transposed } from './gather.js';
import { multiply } from './gemm.js';
import { maxpool2d } from './maxpool2d.js';
import type { KernelArgs, Op, Shaped } from './op.js';
import { type KernelOrder, windowFields, windowInts } from './window.js';
import { packWinograd, runWinograd } from './winograd.js';

export interface Conv2dAttributes extends Window, Activated, KernelOrder {
  readonly groups: number;
  /** A fourth input is added before the activation. */
  readonly residual?: boolean | undefined;
  /** The algorithm: the direct sum (0), or Winograd's with tiles of 2 x 2 or 4 x 4 output pixels. */
  readonly winograd?: Winograd | undefined;
  /** Each 2 x 2 pixels of the result, from the first on, become one: see `takesPool`. */
  readonly pool?: 'max' | 'average' | undefined;
}

export type Winograd = 0 | 2 | 4;

const kernelRules = {
  hwio: '[height, width, channels / groups, filters]',
  oihw: '[filters, channels / groups, height, width]',
};

/**
 * x [h, w, c], kernel [kh, kw, c / groups, oc] or [oc, c / groups, kh, kw], bias [oc], residual [oh, ow, oc] -> [oh, ow, oc]
 * y[i, j, o] = act(bias[o] + residual[i, j, o] +
 *                  sum over p, q, ci of x[i sh + p dh - pt, j sw + q dw - pl, ci] kernel[p, q, ci, o])
 * and with `pool` [floor(oh / 2), floor(ow / 2), oc]: the largest or the mean of y[2i, 2j, o] and its three neighbours.
 */
export const conv2d: Op<Conv2dAttributes> = {
  id: 'conv2d',
  ints: [...windowInts, 'groups', 'bias', 'oihw', 'residual', 'winograd', 'pool', 'act'],
  floats: ['alpha', 'beta'],
  packs: 1,
  inPlace: [3],
  pitched: { inputs: [0, 3], output: true },

  infer(attributes, inputs) {
    const { groups, residual = false } = attributes;
    inputCount(inputs, residual ? 4 : 2, residual ? 4 : 3);
    const { size, channels, perSample } = image(inputs);
    const [kh, kw, perGroup, filters] = kernelOf(attributes, inputs);
    positive('groups', groups);
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new ShapeError(
        `expected groups to divide input channels and filters, got ${groups} for ${channels} and ${filters}`,
      );
    }
    if (perGroup * groups !== channels) {
      throw new ShapeError(
        `expected an input with ${perGroup * groups} channels for kernel ${listed(input(inputs, 1, 'kernel').shape)}${
          groups === 1 ? '' : ` in ${groups} groups`
        }, got ${channels}`,
      );
    }
    if (inputs.length > 2) vector(inputs, 2, 'bias', filters);
    checkActivation(attributes);
    const shape = [...windowPlaces(size, [kh, kw], attributes), filters];
    if (residual) checkResidual(input(inputs, 3, 'residual'), shape, perSample);
    return output(attributes.pool ? pooledShape(attributes, inputs, shape) : shape, perSample);
  },

  geometry(attributes, inputs, [y]) {
    const window = kernelOf(attributes, inputs);
    const size = image(inputs).size;
    const [oh = 0, ow = 0] = windowPlaces(size, [window[0], window[1]], attributes);
    return {
      ...windowFields(attributes, inputs[0], y, window),
      oh,
      ow,
      groups: attributes.groups,
      bias: inputs.length > 2 ? 1 : 0,
      oihw: attributes.kernelOrder === 'oihw' ? 1 : 0,
      residual: attributes.residual ? 1 : 0,
      winograd: winogradOf(attributes, inputs),
      pool: pools.indexOf(attributes.pool),
      ...activationFields(attributes),
    };
  },

  /** [kh, kw, c / groups, oc] or [oc, c / groups, kh, kw] -> [oc][kh kw c / groups] */
  pack(geometry, weights, make) {
    if (geometry.winograd) return packWinograd(geometry, weights, make);
    const { oc = 0, kh = 0, kw = 0, oihw = 0 } = geometry;
    const k = weights.length / oc;
    if (!oihw) return transposed(weights, 1, k, oc, make);
    const cells = kh * kw;
    return cells === 1 ? weights : transposed(weights, oc, k / cells, cells, make);
  },

  run(args) {
    const { geometry, batch, inputs, inputStrides, inputPitches, outputs, outputPitch, packed } = args;
    if (geometry.winograd) return runWinograd(args);
    if (geometry.pool) return runPooled(args);
    const { c = 0, oh = 0, ow = 0, oc = 0, kh = 0, kw = 0, groups = 1 } = geometry;
    const { act = 0, alpha = 0, beta = 0 } = geometry;
    const [perGroup, filters] = [c / groups, oc / groups];
    const k = kh * kw * perGroup;
    const m = batch * oh * ow;
    const residual = inputs[3];
    const residualPixel = inputPitches[3] || oc;
    const image = inputStrides[3] ?? 0;
    const pixel = outputPitch || oc;
    for (let group = 0; group < groups; group++) {
      const source = {
        x: inputs[0] as Float32Array,
        at: group * perGroup,
        channels: perGroup,
        pixel: inputPitches[0] || c,
        geometry,
      };
      multiply(
        {
          m,
          n: filters,
          k,
          b: packed,
          bAt: group * filters * k,
          bias: inputs[2],
          biasAt: group * filters,
          residual: residual && {
            data: residual,
            place: {
              start: group * filters,
              width: oh * ow,
              height: 1,
              pixel: residualPixel,
              line: 0,
              image,
            },
          },
          y: outputs[0] as Float32Array,
          place: { start: group * filters, width: m, height: 1, pixel, line: 0, image: 0 },
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

/** The numbers of the kinds of pooling in the geometry. */
const pools: readonly Conv2dAttributes['pool'][] = [undefined, 'max', 'average'];

/** The convolution of one sample, before it is pooled; grows with the largest. */
let pixels = new Float32Array(0);

function runPooled(args: KernelArgs): void {
  const { batch, inputs, inputStrides, outputs, outputStride } = args;
  const { pool = 0, oh = 0, ow = 0, oc = 0 } = args.geometry;
  const size = oh * ow * oc;
  if (pixels.length < size) pixels = new Float32Array(size);
  const [oh2, ow2] = [Math.floor(oh / 2), Math.floor(ow / 2)];
  const window = { h: oh, w: ow, c: oc, oh: oh2, ow: ow2, oc, kh: 2, kw: 2, sh: 2, sw: 2, dh: 1, dw: 1 };
  const [x, ...weights] = inputs as [Float32Array];
  for (let sample = 0; sample < batch; sample++) {
    conv2d.run({
      ...args,
      geometry: { ...args.geometry, pool: 0 },
      batch: 1,
      inputs: [x.subarray(sample * (inputStrides[0] as number)), ...weights],
      outputs: [pixels],
      outputPitch: 0,
    });
    (pool === 1 ? maxpool2d : averagepool2d).run({
      ...args,
      geometry: { ...window, pt: 0, pl: 0, pb: 0, pr: 0, include: 0 },
      batch: 1,
      inputs: [pixels],
      inputPitches: [0],
      outputs: [(outputs[0] as Float32Array).subarray(sample * outputStride)],
    });
  }
}

/** The kernel [kh, kw, c / groups, oc]. The samples of a batch may have one each. */
function kernelOf(attributes: Conv2dAttributes, inputs: readonly Shaped[]) {
  return kernel(inputs, attributes, kernelRules, input(inputs, 0, 'x').perSample);
}

/** True for windows of 3 x 3 that move by 1 over all channels. */
export function takesWinograd(attributes: Conv2dAttributes, inputs: readonly Shaped[]): boolean {
  const { groups, strides, dilations } = attributes;
  const [kh, kw] = kernelOf(attributes, inputs);
  return listed([kh, kw, ...strides, ...dilations, groups]) === listed([3, 3, 1, 1, 1, 1, 1]);
}

/**
 * True where a pooled convolution has a kernel: from one channel to few, so that the pixels of each lie together until
 * they are pooled. `shape` is [oh, ow, filters].
 */
export function takesPool(
  attributes: Conv2dAttributes,
  inputs: readonly Shaped[],
  shape: readonly number[],
): boolean {
  const { groups, strides, dilations, residual, winograd = 0 } = attributes;
  const [kh, kw, channels] = kernelOf(attributes, inputs);
  const [oh = 0, ow = 0, filters = 0] = shape;
  if (listed([groups, channels, strides[1], ...dilations, winograd]) !== listed([1, 1, 1, 1, 1, 0]))
    return false;
  if (residual || kh > 8 || kw > 8 || strides[0] > kh) return false;
  return filters <= 16 && oh >= 2 && ow >= 8 && ow <= 1024;
}

function pooledShape(attributes: Conv2dAttributes, inputs: readonly Shaped[], shape: readonly number[]) {
  if (!takesPool(attributes, inputs, shape)) {
    const { strides, dilations } = attributes;
    throw new ShapeError(
      `expected pool with one channel, at most 16 filters, a kernel of at most 8 by 8, results of at least 2 by 8 and at most 1024 columns, strides of 1 along a row and at most the kernel's height, dilations of 1, no residual and no winograd, got the kernel ${listed(
        input(inputs, 1, 'kernel').shape,
      )}, strides ${listed(strides)}, dilations ${listed(dilations)} and results of ${listed(shape)}`,
    );
  }
  const [oh = 0, ow = 0, filters = 0] = shape;
  return [Math.floor(oh / 2), Math.floor(ow / 2), filters];
}

function winogradOf(attributes: Conv2dAttributes, inputs: readonly Shaped[]): Winograd {
  const { winograd = 0 } = attributes;
  if (winograd === 0) return 0;
  if (![2, 4].includes(winograd)) throw new ShapeError(`expected winograd to be 0, 2 or 4, got ${winograd}`);
  if (takesWinograd(attributes, inputs)) return winograd;
  const { strides, dilations, groups } = attributes;
  throw new ShapeError(
    `expected winograd with a window of 3 by 3, strides, dilations and groups of 1, got the kernel ${listed(
      input(inputs, 1, 'kernel').shape,
    )}, strides ${listed(strides)}, dilations ${listed(dilations)} and groups ${groups}`,
  );
}

function checkResidual({ shape, perSample }: Shaped, wanted: readonly number[], xPerSample: boolean): void {
  if (listed(shape) !== listed(wanted)) {
    throw new ShapeError(`expected a residual of shape ${listed(wanted)}, got ${listed(shape)}`);
  }
  if (perSample && !xPerSample) {
    throw new ShapeError('expected residual to be shared by the batch as x is, got one per sample');
  }
}
