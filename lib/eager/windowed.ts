import { type Pair, sides, transposedSides, type Window } from '../geometry.js';
import type {
  Activated,
  AveragePool2dAttributes,
  Conv2dAttributes,
  ConvTranspose2dAttributes,
  Depthwise2dAttributes,
  Im2colAttributes,
  Pool2dAttributes,
} from '../ops/index.js';
import {
  activations,
  boolean,
  elementwiseActivations,
  nonNegativePair,
  type Options,
  oneOf,
  type Pads,
  padding,
  pair,
  positiveInteger,
  readOptions,
} from '../options.js';
import type { Tensor } from '../tensor.js';
import { callOne, checkRank, type Operand, samples, whole } from './call.js';

/** Options of everything that moves a window; a single number counts for height and width. */
export interface WindowOptions {
  readonly strides?: number | Pair | undefined;
  /** 'valid' (nothing), 'same' (as TensorFlow), a number for all sides, or [[top, bottom], [left, right]]. */
  readonly padding?: 'valid' | 'same' | number | Pads | undefined;
  /** Written instead of a new tensor. */
  readonly out?: Tensor | undefined;
}

export interface ConvOptions extends WindowOptions {
  readonly dilations?: number | Pair | undefined;
  readonly bias?: Tensor | undefined;
  /** 'relu', 'sigmoid', ..., or 'softmax' over the channels. PReLU has weights of its own: see `prelu`. */
  readonly activation?: string | undefined;
}

export interface PoolOptions extends WindowOptions {
  readonly poolSize?: number | Pair | undefined;
  readonly ceilMode?: boolean | undefined;
}

// Attributes are put together by Object.assign: spreads of several objects cost microseconds, and in every call.

const convKeys = ['strides', 'padding', 'dilations', 'bias', 'activation', 'out'] as const;
const poolKeys = ['poolSize', 'strides', 'padding', 'ceilMode', 'out'] as const;

/** x [n, h, w, c], kernel [kh, kw, c / groups, filters] -> [n, oh, ow, filters] */
export function conv2d(
  x: Tensor,
  kernel: Tensor,
  options?: ConvOptions & { readonly groups?: number | undefined },
): Tensor {
  const who = 'conv2d';
  const read = readOptions(who, options, [...convKeys, 'groups']);
  const operands = convOperands(who, x, kernel, '[height, width, channels / groups, filters]', read);
  const attributes: Conv2dAttributes = Object.assign(
    window(who, read, operands),
    { groups: positiveInteger(who, 'groups', read.groups, 1) },
    activated(who, read.activation),
  );
  const build: Build = (graph, values) => graph.node('conv2d', who, attributes, values);
  return callOne({ who, attributes, operands, build, last: softmaxAfter(read.activation), out: read.out });
}

/** x [n, h, w, c], kernel [kh, kw, c, multiplier] -> [n, oh, ow, c * multiplier] */
export function depthwiseConv2d(x: Tensor, kernel: Tensor, options?: ConvOptions): Tensor {
  const who = 'depthwiseConv2d';
  const read = readOptions(who, options, convKeys);
  const operands = convOperands(who, x, kernel, '[height, width, channels, multiplier]', read);
  const attributes: Depthwise2dAttributes = Object.assign(
    window(who, read, operands),
    activated(who, read.activation),
  );
  const build: Build = (graph, values) => graph.node('depthwise2d', who, attributes, values);
  return callOne({ who, attributes, operands, build, last: softmaxAfter(read.activation), out: read.out });
}

/** x [n, h, w, c], kernel [kh, kw, filters, c] -> [n, oh, ow, filters], oh = (h - 1) stride + kh for 'valid' */
export function conv2dTranspose(
  x: Tensor,
  kernel: Tensor,
  options?: ConvOptions & { readonly outputPadding?: number | Pair | undefined },
): Tensor {
  const who = 'conv2dTranspose';
  const read = readOptions(who, options, [...convKeys, 'outputPadding']);
  const operands = convOperands(who, x, kernel, '[height, width, filters, channels]', read);
  const strides = pair(who, 'strides', read.strides, 1);
  const dilations = pair(who, 'dilations', read.dilations, 1);
  const more =
    read.outputPadding === undefined ? undefined : nonNegativePair(who, 'outputPadding', read.outputPadding);
  const attributes: ConvTranspose2dAttributes = Object.assign(
    { strides, dilations },
    transposedSides(padding(who, read.padding), kernelSize(operands), strides, dilations, more),
    activated(who, read.activation),
  );
  const build: Build = (graph, values) => graph.node('convtranspose2d', who, attributes, values);
  return callOne({ who, attributes, operands, build, last: softmaxAfter(read.activation), out: read.out });
}

/** x [n, h, w, c] -> [n, oh, ow, c]: the largest cell under each window (2 x 2, steps of its size); NaN wins. */
export function maxPool2d(x: Tensor, options?: PoolOptions): Tensor {
  const who = 'maxPool2d';
  const read = readOptions(who, options, poolKeys);
  const { operands, attributes } = pool(who, x, read);
  const build: Build = (graph, values) => graph.node('maxpool2d', who, attributes, values);
  return callOne({ who, attributes, operands, build, out: read.out });
}

/** x [n, h, w, c] -> [n, oh, ow, c]: the mean of each window over its cells inside the image. */
export function avgPool2d(
  x: Tensor,
  options?: PoolOptions & {
    /** Padded cells count as zeros in the mean. */
    readonly countIncludePad?: boolean | undefined;
  },
): Tensor {
  const who = 'avgPool2d';
  const read = readOptions(who, options, [...poolKeys, 'countIncludePad']);
  const { operands, attributes: plain } = pool(who, x, read);
  const includePadding = boolean(who, 'countIncludePad', read.countIncludePad, false);
  const attributes: AveragePool2dAttributes = Object.assign(plain, { includePadding });
  const build: Build = (graph, values) => graph.node('averagepool2d', who, attributes, values);
  return callOne({ who, attributes, operands, build, out: read.out });
}

/** x [n, h, w, c] -> [n, c], or [n, 1, 1, c] with `keepDims` */
export function globalAvgPool2d(x: Tensor, options?: GlobalPoolOptions): Tensor {
  return globalPool('globalAvgPool2d', 'mean', x, options);
}

/** x [n, h, w, c] -> [n, c], or [n, 1, 1, c] with `keepDims` */
export function globalMaxPool2d(x: Tensor, options?: GlobalPoolOptions): Tensor {
  return globalPool('globalMaxPool2d', 'max', x, options);
}

export interface GlobalPoolOptions {
  readonly keepDims?: boolean | undefined;
  readonly out?: Tensor | undefined;
}

/** The cells under each place of a window as a row: x [n, h, w, c] -> [n, oh, ow, kh * kw * c] */
export function im2col(
  x: Tensor,
  options: WindowOptions & {
    readonly kernelSize: number | Pair;
    readonly dilations?: number | Pair | undefined;
  },
): Tensor {
  const who = 'im2col';
  const read = readOptions(who, options, ['kernelSize', 'strides', 'padding', 'dilations', 'out']);
  const operands = [image(who, x)];
  const size = pair(who, 'kernelSize', read.kernelSize);
  const attributes: Im2colAttributes = Object.assign(window(who, read, operands, size), { kernelSize: size });
  const build: Build = (graph, values) => graph.node('im2col', who, attributes, values);
  return callOne({ who, attributes, operands, build, out: read.out });
}

type Build = Parameters<typeof callOne>[0]['build'];

function globalPool(
  who: string,
  kind: 'mean' | 'max',
  x: Tensor,
  options: GlobalPoolOptions | undefined,
): Tensor {
  const read = readOptions(who, options, ['keepDims', 'out']);
  const attributes = { kind, axes: [0, 1], keepDims: boolean(who, 'keepDims', read.keepDims, false) };
  const build: Build = (graph, values) => graph.node('reduce', who, attributes, values);
  return callOne({ who, attributes, operands: [image(who, x)], build, out: read.out });
}

function image(who: string, x: unknown): Operand {
  const operand = samples(who, 'x', x);
  checkRank(who, operand, 4, '[n, height, width, channels]');
  return operand;
}

function convOperands(
  who: string,
  x: unknown,
  kernel: unknown,
  rule: string,
  read: Options<'bias'>,
): Operand[] {
  const weights = whole(who, 'kernel', kernel);
  checkRank(who, weights, 4, rule);
  const bias = read.bias === undefined ? [] : [whole(who, 'bias', read.bias)];
  return [image(who, x), weights, ...bias];
}

function kernelSize([, kernel]: readonly Operand[]): Pair {
  const [height = 1, width = 1] = kernel?.tensor.shape ?? [];
  return [height, width];
}

function window(
  who: string,
  read: Options<'strides' | 'padding' | 'dilations'>,
  operands: readonly Operand[],
  size: Pair = kernelSize(operands),
  defaultStrides: Pair = [1, 1],
): Window {
  const strides = pair(who, 'strides', read.strides, defaultStrides);
  const dilations = pair(who, 'dilations', read.dilations, 1);
  const [, height = 1, width = 1] = operands[0]?.tensor.shape ?? [];
  return {
    strides,
    dilations,
    padding: sides(padding(who, read.padding), [height, width], size, strides, dilations),
  };
}

function pool(who: string, x: unknown, read: Options<(typeof poolKeys)[number]>) {
  const operands = [image(who, x)];
  const poolSize = pair(who, 'poolSize', read.poolSize, 2);
  const ceilMode = boolean(who, 'ceilMode', read.ceilMode, false);
  const attributes: Pool2dAttributes = Object.assign(window(who, read, operands, poolSize, poolSize), {
    poolSize,
    ceilMode,
  });
  return { operands, attributes };
}

/** The option `activation` of an op that has one in its epilogue; softmax, which is none, comes after it (`last`). */
export function activated(who: string, name: unknown): Activated {
  const known = [...elementwiseActivations, 'softmax'];
  return activations.get(oneOf(who, 'activation', name, known, 'linear')) ?? {};
}

export function softmaxAfter(name: unknown): 'softmax' | undefined {
  return name === 'softmax' ? name : undefined;
}
