import { sizeOf } from '../../tensor.js';
import type { Network, PlacedLayer, WeightSpec } from '../network.js';
import { flattenedFrom, type ImageShape } from './flattened.js';

/** What PyTorch has modules for. */
export type Kind = 'convolution' | 'linear layer' | 'normalization' | 'PReLU';

/** One tensor of a module, and the weight it becomes. */
export interface Piece {
  readonly weight: WeightSpec;
  /** `running_mean` */
  readonly part: string;
  /** As PyTorch has it. */
  readonly shape: readonly number[];
  /** The same numbers, seen with axes that are put into the order `axes` to give the weight. */
  readonly view: readonly number[];
  readonly axes: readonly number[];
}

/** What a module of PyTorch holds for a layer. */
export interface Unit {
  /** Of the layer; parts of separable convolutions are `<layer>.depthwise` and `<layer>.pointwise`. */
  readonly name: string;
  readonly kind: Kind;
  readonly pieces: readonly Piece[];
}

/** The modules that PyTorch has for the layers of a network, in their order. */
export function unitsOf(network: Network): readonly Unit[] {
  const flattened = flattenedFrom(network);
  return network.layers.flatMap((layer, i) => unitsOfLayer(layer, flattened.get(i)));
}

function unitsOfLayer({ layer, name, weights }: PlacedLayer, image: ImageShape | undefined): Unit[] {
  const find = (part: string) => weights.find((weight) => weight.name === `${name}/${part}`);
  const bias = pieces(vector(find('bias'), 'bias'));
  const units: Unit[] = [];
  const add = (kind: Kind, own: Piece[], suffix = ''): void => {
    if (own.length > 0) units.push({ name: `${name}${suffix}`, kind, pieces: own });
  };
  const kernel = find('kernel');
  if (layer.type === 'dense') add('linear layer', [...pieces(matrix(kernel, image)), ...bias]);
  else if (layer.type === 'depthwiseConv2d') add('convolution', [...pieces(depthwise(kernel)), ...bias]);
  else if (layer.type === 'separableConv2d') {
    add('convolution', pieces(depthwise(find('depthwiseKernel'))), '.depthwise');
    add('convolution', [...pieces(convolution(find('pointwiseKernel'))), ...bias], '.pointwise');
  } else if (kernel) add('convolution', [...pieces(convolution(kernel)), ...bias]);
  const norm = [
    ['gamma', 'weight'],
    ['beta', 'bias'],
    ['movingMean', 'running_mean'],
    ['movingVariance', 'running_var'],
  ] as const;
  add('normalization', pieces(...norm.map(([ours, theirs]) => vector(find(ours), theirs, image))));
  add('PReLU', pieces(vector(find('alpha'), 'weight', image)), layer.type === 'prelu' ? '' : '.prelu');
  return units;
}

function pieces(...all: readonly (Piece | undefined)[]): Piece[] {
  return all.filter((piece) => piece !== undefined);
}

/** One number per channel; where these were an image, PyTorch has its channels first. */
function vector(weight: WeightSpec | undefined, part: string, image?: ImageShape): Piece | undefined {
  if (!weight) return undefined;
  const shape = [weight.size];
  if (!image || sizeOf(image) !== weight.size) return { weight, part, shape, view: shape, axes: [0] };
  const [height, width, channels] = image;
  return { weight, part, shape, view: [channels, height, width], axes: [1, 2, 0] };
}

/** [units, in] becomes [in, units]. */
function matrix(weight: WeightSpec | undefined, image: ImageShape | undefined): Piece | undefined {
  if (!weight) return undefined;
  const [length = 0, units = 0] = weight.shape;
  const shape = [units, length];
  const part = 'weight';
  if (!image || sizeOf(image) !== length) return { weight, part, shape, view: shape, axes: [1, 0] };
  const [height, width, channels] = image;
  return { weight, part, shape, view: [units, channels, height, width], axes: [2, 3, 1, 0] };
}

/** [out, in, kh, kw] becomes [kh, kw, in, out]; of a transposed one [in, out, kh, kw] becomes [kh, kw, out, in]. */
function convolution(weight: WeightSpec | undefined): Piece | undefined {
  if (!weight) return undefined;
  const [kh = 0, kw = 0, inner = 0, outer = 0] = weight.shape;
  const shape = [outer, inner, kh, kw];
  return { weight, part: 'weight', shape, view: shape, axes: [2, 3, 1, 0] };
}

/** [channels * multiplier, 1, kh, kw] becomes [kh, kw, channels, multiplier]. */
function depthwise(weight: WeightSpec | undefined): Piece | undefined {
  if (!weight) return undefined;
  const [kh = 0, kw = 0, channels = 0, multiplier = 0] = weight.shape;
  const shape = [channels * multiplier, 1, kh, kw];
  return { weight, part: 'weight', shape, view: [channels, multiplier, kh, kw], axes: [2, 3, 0, 1] };
}
