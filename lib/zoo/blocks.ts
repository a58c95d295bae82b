import { span, windowPlaces } from '../geometry.js';
import { layers } from '../layers/index.js';
import type { SymbolicTensor } from '../layers/layer.js';

/** Torch's defaults; its momentum is 1 minus ours. */
const torchNorm = { epsilon: 1e-5, momentum: 0.9 } as const;

/** How the convolutions of a net are made. */
export interface ConvOptions {
  /** 1 */
  readonly strides?: number;
  /** Half the window: the size stays with strides of 1. */
  readonly padding?: number;
  /** false: a batch normalisation follows. */
  readonly useBias?: boolean;
}

const initial = { kernelInitializer: 'heNormal' } as const;

export function conv(
  x: SymbolicTensor,
  name: string,
  filters: number,
  kernelSize: number,
  { strides = 1, padding = (kernelSize - 1) / 2, useBias = false }: ConvOptions = {},
): SymbolicTensor {
  return layers.conv2d({ name, filters, kernelSize, strides, padding, useBias, ...initial }).apply(x);
}

export function depthwise(x: SymbolicTensor, name: string, kernelSize: number, strides = 1): SymbolicTensor {
  const padding = (kernelSize - 1) / 2;
  return layers.depthwiseConv2d({ name, kernelSize, strides, padding, useBias: false, ...initial }).apply(x);
}

export function norm(
  x: SymbolicTensor,
  name: string,
  options: { readonly epsilon?: number; readonly momentum?: number } = {},
): SymbolicTensor {
  return layers.batchNormalization({ name, ...torchNorm, ...options }).apply(x);
}

export function dense(x: SymbolicTensor, name: string, units: number): SymbolicTensor {
  return layers.dense({ name, units, ...initial }).apply(x);
}

export function relu(x: SymbolicTensor): SymbolicTensor {
  return layers.relu().apply(x);
}

export function relu6(x: SymbolicTensor): SymbolicTensor {
  return layers.relu({ maxValue: 6 }).apply(x);
}

export function maxPool(
  x: SymbolicTensor,
  poolSize: number,
  strides: number,
  options: { readonly padding?: number; readonly ceilMode?: boolean } = {},
): SymbolicTensor {
  return layers.maxPooling2d({ poolSize, strides, ...options }).apply(x);
}

/** Means over the image, with dropout before the layer that classifies. Shape: [h, w, c] -> [c]. */
export function pooled(x: SymbolicTensor, rate = 0): SymbolicTensor {
  const means = layers.globalAveragePooling2d().apply(x);
  return rate === 0 ? means : layers.dropout({ rate }).apply(means);
}

/**
 * Weighs channels by what they hold on average (squeeze and excitation, Hu et al. 2018). Weights: `<name>.fc1` and
 * `<name>.fc2`, 1x1 convolutions. Shape: [h, w, c] -> [h, w, c].
 */
export function excited(
  x: SymbolicTensor,
  name: string,
  [channels, between]: readonly [number, number],
  [inner, gate]: readonly ['relu' | 'swish', 'sigmoid' | 'hardSigmoid'],
): SymbolicTensor {
  const means = layers.globalAveragePooling2d({ keepDims: true }).apply(x);
  const squeezed = conv(means, `${name}.fc1`, between, 1, { useBias: true });
  const active = layers.activation({ activation: inner }).apply(squeezed);
  const weights = conv(active, `${name}.fc2`, channels, 1, { useBias: true });
  return layers.multiply().apply([x, layers.activation({ activation: gate }).apply(weights)]);
}

/** The nearest multiple of 8 that is not more than a tenth smaller (Sandler et al. 2018, MobileNet). */
export function multipleOf8(channels: number): number {
  const near = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return near < 0.9 * channels ? near + 8 : near;
}

/** Cells of one axis after windows [size, stride, padding]; ShapeError where one does not fit. */
export function cellsAfter(size: number, windows: readonly (readonly [number, number, number])[]): number {
  return windows.reduce((cells, [kernel, stride, pad]) => {
    const window = { strides: [stride, 1], padding: [pad, pad, 0, 0], dilations: [1, 1] } as const;
    return windowPlaces([cells, 1], [span(kernel, 1), 1], window)[0];
  }, size);
}
