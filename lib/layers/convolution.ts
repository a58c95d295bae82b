import { type Pair, sides, type Window } from '../geometry.js';
import type { OpId } from '../ops/index.js';
import type { Attributes } from '../ops/op.js';
import { boolean, type Options, oneOf, type Padding, padding, pair } from '../options.js';
import { type ActivationName, activate, readActivation } from './activate.js';
import { type Initializer, initializers } from './initializers.js';
import { common, imageShape, type LayerOptions, type LayerScope } from './layer.js';

/** Numbers for both axes, or [height, width]. */
export type PairOption = number | readonly [number, number];
/** 'valid' (none), 'same' (TensorFlow's: the odd pixel goes to bottom and right), a number, or [[top, bottom], [left, right]]. */
export type PaddingOption =
  | 'valid'
  | 'same'
  | number
  | readonly [readonly [number, number], readonly [number, number]];

/** What layers with a bias and an activation take. */
export interface BiasedOptions extends LayerOptions {
  /** true */
  readonly useBias?: boolean | undefined;
  readonly activation?: ActivationName | undefined;
  /** 'glorotUniform' */
  readonly kernelInitializer?: Initializer | undefined;
  /** 'zeros' */
  readonly biasInitializer?: Initializer | undefined;
}

/** What the four convolutions share. */
export interface ConvolutionOptions extends BiasedOptions {
  readonly kernelSize: PairOption;
  /** 1 */
  readonly strides?: PairOption | undefined;
  /** 'valid' */
  readonly padding?: PaddingOption | undefined;
  /** 1 */
  readonly dilationRate?: PairOption | undefined;
}

export const biasedNames = [
  ...common,
  'useBias',
  'activation',
  'kernelInitializer',
  'biasInitializer',
] as const;
export const convolutionNames = ['kernelSize', 'strides', 'padding', 'dilationRate', ...biasedNames] as const;

/** Checked options of a layer with a bias and an activation. */
export type Biased = {
  readonly useBias: boolean;
  readonly activation: string | undefined;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
};

export function readBiased(who: string, given: Options<(typeof biasedNames)[number]>): Biased {
  return {
    useBias: boolean(who, 'useBias', given.useBias, true),
    activation: readActivation(who, given.activation),
    kernelInitializer: oneOf(
      who,
      'kernelInitializer',
      given.kernelInitializer,
      initializers,
      'glorotUniform',
    ),
    biasInitializer: oneOf(who, 'biasInitializer', given.biasInitializer, initializers, 'zeros'),
  };
}

export type Convolution = Biased & {
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly dilationRate: Pair;
};

export function readConvolution(who: string, given: Options<(typeof convolutionNames)[number]>): Convolution {
  return {
    kernelSize: pair(who, 'kernelSize', given.kernelSize),
    strides: pair(who, 'strides', given.strides, 1),
    padding: padding(who, given.padding),
    dilationRate: pair(who, 'dilationRate', given.dilationRate, 1),
    ...readBiased(who, given),
  };
}

/** The window as the ops have it, with the padding that an image of this size gets. */
export function windowOf(scope: LayerScope, x: number, convolution: Convolution): Window {
  const { kernelSize, strides, padding, dilationRate } = convolution;
  const [height, width] = imageShape(scope, x);
  return {
    strides,
    padding: sides(padding, [height, width], kernelSize, strides, dilationRate),
    dilations: dilationRate,
  };
}

/** The op with its kernel, the bias where there is one, and the activation. */
export function emitBiased(
  scope: LayerScope,
  op: OpId,
  attributes: Attributes,
  [x, kernel]: readonly [x: number, kernel: number],
  channels: number,
  { useBias, biasInitializer, activation }: Biased,
): number {
  const bias = useBias ? [scope.weight('bias', [channels], { initializer: biasInitializer })] : [];
  return activate(
    scope,
    scope.node(op, { ...attributes, activation: 'none' }, [x, kernel, ...bias]),
    activation,
  );
}
