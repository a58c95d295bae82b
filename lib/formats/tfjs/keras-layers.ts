import { show } from '../../errors.js';
import { layers as makers } from '../../layers/index.js';
import type { Layer } from '../../layers/layer.js';
import { activationOf, snake } from './keras-activations.js';
import type { KerasLayer } from './topology.js';

type Options = Readonly<Record<string, unknown>>;
/** Our layers for one of Keras, in a chain; `shapes` are those of its inputs, without the batch. */
type Maker = (keras: KerasLayer, shapes: readonly (readonly number[])[]) => readonly Layer[];

/** One of our layers; options that are undefined take their defaults. Its own checks refuse what is no option. */
function make(type: keyof typeof makers, name: string, options: Options = {}): Layer {
  const maker = makers[type] as unknown as (options: object) => Layer;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return maker(Object.fromEntries([...given, ['name', name]]));
}

/** A layer that ends with an activation: as its option, or as a layer behind it. */
function activated(
  type: keyof typeof makers,
  keras: KerasLayer,
  options: Options,
  name = keras.name,
): Layer[] {
  const activation = activationOf(keras);
  if ('name' in activation) return [make(type, name, { ...options, activation: activation.name })];
  const behind = make(
    activation.type as keyof typeof makers,
    `${name}/${activation.type}`,
    activation.options,
  );
  return [make(type, name, options), behind];
}

/** Our names of options that Keras writes with underscores. */
function renamed({ config }: KerasLayer, ...names: readonly string[]): Options {
  const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(names.map((name) => [camel(name), config.get(name)]));
}

function channelsLast({ config }: KerasLayer): void {
  const format = config.get('data_format') ?? 'channels_last';
  if (typeof format !== 'string' || snake(format) !== 'channels_last') {
    config.fail(
      `expected data_format to be channels_last, the only one that can be read, got ${show(format)}`,
    );
  }
}

const windowed = ['kernel_size', 'strides', 'padding', 'dilation_rate', 'use_bias'];

const convolution =
  (type: keyof typeof makers, ...more: readonly string[]): Maker =>
  (keras) => {
    channelsLast(keras);
    return activated(type, keras, renamed(keras, ...windowed, ...more));
  };

/** Convolution along one axis: as an image of height 1. */
const conv1d: Maker = (keras, [shape = []]) => {
  channelsLast(keras);
  const { config, name } = keras;
  if (shape.length !== 2) config.fail(`expected an input [width, channels], got ${show(shape)}`);
  const padding = config.get('padding');
  if (padding === 'causal') config.fail('padding "causal" cannot be read');
  const one = (option: string): unknown => {
    const value = config.get(option);
    const number = Array.isArray(value) ? value[0] : value;
    return number === undefined ? undefined : [1, number];
  };
  const options = {
    ...renamed(keras, 'filters', 'groups', 'use_bias'),
    kernelSize: one('kernel_size'),
    strides: one('strides'),
    dilationRate: one('dilation_rate'),
    padding,
  };
  return [
    make('reshape', `${name}/in`, { targetShape: [1, ...shape] }),
    ...activated('conv2d', keras, options),
    make('reshape', `${name}/out`, { targetShape: [-1, config.get('filters')] }),
  ];
};

const pooling =
  (type: 'maxPooling2d' | 'averagePooling2d'): Maker =>
  (keras) => {
    channelsLast(keras);
    return [make(type, keras.name, renamed(keras, 'pool_size', 'strides', 'padding'))];
  };

const globalPooling =
  (type: 'globalAveragePooling2d' | 'globalMaxPooling2d'): Maker =>
  (keras) => {
    channelsLast(keras);
    return [make(type, keras.name, { keepDims: keras.config.get('keepdims') })];
  };

const same =
  (type: keyof typeof makers, ...names: readonly string[]): Maker =>
  (keras) => [make(type, keras.name, renamed(keras, ...names))];

/** At inference these give their input. */
const identity: Maker = ({ name }) => [make('activation', name, { activation: 'linear' })];

const activationLayer: Maker = (keras) => {
  const activation = activationOf(keras);
  return 'name' in activation
    ? [make('activation', keras.name, { activation: activation.name })]
    : [make(activation.type as keyof typeof makers, keras.name, activation.options)];
};

const relu: Maker = ({ config, name }) => {
  const [max, slope, threshold] = ['max_value', 'negative_slope', 'threshold'].map(config.get);
  if ((threshold ?? 0) !== 0) config.fail(`expected a threshold of 0, got ${show(threshold)}`);
  if ((slope ?? 0) === 0) return [make('relu', name, { maxValue: max })];
  if (max !== undefined) config.fail('negative_slope and max_value together cannot be read');
  return [make('leakyReLU', name, { alpha: slope })];
};

const leakyRelu: Maker = ({ config, name }) => [
  make('leakyReLU', name, { alpha: config.get('negative_slope') ?? config.get('alpha') }),
];

const softmax: Maker = ({ config, name }) => {
  const axis = config.get('axis');
  return [make('softmax', name, { axis: Array.isArray(axis) && axis.length === 1 ? axis[0] : axis })];
};

const batchNormalization: Maker = (keras, [shape = []]) => {
  const given = keras.config.get('axis') ?? -1;
  const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (axis !== -1 && axis !== shape.length) {
    keras.config.fail(`expected axis to be the last one of ${shape.length + 1}, got ${show(given)}`);
  }
  return [make('batchNormalization', keras.name, renamed(keras, 'momentum', 'epsilon', 'center', 'scale'))];
};

const imageLayer =
  (type: keyof typeof makers, ...names: readonly string[]): Maker =>
  (keras) => {
    channelsLast(keras);
    return same(type, ...names)(keras, []);
  };

const table: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['Conv2D', convolution('conv2d', 'filters', 'groups')],
  ['Conv1D', conv1d],
  ['DepthwiseConv2D', convolution('depthwiseConv2d', 'depth_multiplier')],
  ['SeparableConv2D', convolution('separableConv2d', 'filters', 'depth_multiplier')],
  ['Conv2DTranspose', convolution('conv2dTranspose', 'filters', 'output_padding')],
  ['Dense', (keras) => activated('dense', keras, renamed(keras, 'units', 'use_bias'))],
  ['Flatten', imageLayer('flatten')],
  ['Reshape', same('reshape', 'target_shape')],
  ['Permute', same('permute', 'dims')],
  ['Dropout', same('dropout', 'rate')],
  ['SpatialDropout1D', identity],
  ['SpatialDropout2D', identity],
  ['GaussianNoise', identity],
  ['GaussianDropout', identity],
  ['AlphaDropout', identity],
  ['ActivityRegularization', identity],
  ['Activation', activationLayer],
  ['ReLU', relu],
  ['LeakyReLU', leakyRelu],
  ['PReLU', same('prelu', 'shared_axes')],
  ['ELU', same('elu', 'alpha')],
  ['Softmax', softmax],
  ['BatchNormalization', batchNormalization],
  ['BatchNormalizationV1', batchNormalization],
  ['MaxPooling2D', pooling('maxPooling2d')],
  ['AveragePooling2D', pooling('averagePooling2d')],
  ['GlobalAveragePooling2D', globalPooling('globalAveragePooling2d')],
  ['GlobalMaxPooling2D', globalPooling('globalMaxPooling2d')],
  ['ZeroPadding2D', imageLayer('zeroPadding2d', 'padding')],
  ['UpSampling2D', imageLayer('upSampling2d', 'size', 'interpolation')],
  ['Rescaling', same('rescaling', 'scale', 'offset')],
  ['Add', same('add')],
  ['Multiply', same('multiply')],
  ['Concatenate', same('concatenate', 'axis')],
]);

export function isKnown({ type }: KerasLayer): boolean {
  return table.has(type);
}

/** Our layers for a layer of Keras; throws an OptionError for options that break their rule. */
export function layersOf(keras: KerasLayer, shapes: readonly (readonly number[])[]): readonly Layer[] {
  return (table.get(keras.type) as Maker)(keras, shapes);
}
