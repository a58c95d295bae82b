import { ShapeError } from '../errors.js';
import type { GraphBuilder } from '../graph/builder.js';
import type { BatchNormAttributes, MatmulAttributes } from '../ops/index.js';
import { boolean, expected, readOptions } from '../options.js';
import { showShape, type Tensor } from '../tensor.js';
import { callAll, callOne, checkRank, type Operand, samples, whole } from './call.js';
import type { OutOption } from './elementwise.js';
import { activated, softmaxAfter } from './windowed.js';

/** a [m, k], b [k, n] -> [m, n]; or one product for each of the first axis: [g, m, k], [g, k, n] -> [g, m, n]. */
export function matMul(
  a: Tensor,
  b: Tensor,
  options?: OutOption & {
    /** a is [k, m]. */
    readonly transposeA?: boolean | undefined;
    /** b is [n, k]. */
    readonly transposeB?: boolean | undefined;
  },
): Tensor {
  const who = 'matMul';
  const read = readOptions(who, options, ['transposeA', 'transposeB', 'out']);
  const operands = [whole(who, 'a', a), whole(who, 'b', b)];
  const [p, q] = operands.map(({ tensor }) => tensor.shape) as [readonly number[], readonly number[]];
  if (p.length !== q.length || (p.length !== 2 && p.length !== 3)) {
    const got = `${showShape(p)} and ${showShape(q)}`;
    throw new ShapeError(
      `${who}: expected a and b to have 2 dimensions, or 3 with the same first one, got ${got}`,
    );
  }
  const attributes: MatmulAttributes = {
    transposeA: boolean(who, 'transposeA', read.transposeA, false),
    transposeB: boolean(who, 'transposeB', read.transposeB, false),
  };
  const build: Build = (graph, values) => graph.node('matmul', who, attributes, values);
  return callOne({ who, attributes, operands, build, out: read.out });
}

/** x [..., in], w [in, units] -> [..., units]: activation(x w + bias) */
export function dense(
  x: Tensor,
  w: Tensor,
  options?: OutOption & { readonly bias?: Tensor | undefined; readonly activation?: string | undefined },
): Tensor {
  const who = 'dense';
  const read = readOptions(who, options, ['bias', 'activation', 'out']);
  const weights = whole(who, 'w', w);
  checkRank(who, weights, 2, '[inputs, units]');
  const bias = read.bias === undefined ? [] : [whole(who, 'bias', read.bias)];
  const attributes = activated(who, read.activation);
  const build: Build = (graph, values) => graph.node('matmul', who, attributes, values);
  const operands = [rows(who, x), weights, ...bias];
  return callOne({ who, attributes, operands, build, last: softmaxAfter(read.activation), out: read.out });
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta per channel, the last axis; gamma is 1, beta 0 by default. */
export function batchNorm(
  x: Tensor,
  options: OutOption & {
    readonly mean: Tensor;
    readonly variance: Tensor;
    readonly gamma?: Tensor | undefined;
    readonly beta?: Tensor | undefined;
    readonly epsilon?: number | undefined;
  },
): Tensor {
  const who = 'batchNorm';
  const read = readOptions(who, options, ['mean', 'variance', 'gamma', 'beta', 'epsilon', 'out']);
  const operands = [rows(who, x), whole(who, 'mean', read.mean), whole(who, 'variance', read.variance)];
  const factors = factorsOf(who, read);
  const attributes: BatchNormAttributes = { epsilon: epsilon(who, read.epsilon) };
  const build: Build = (graph, [image, mean, variance, ...rest]) =>
    graph.node('batchnorm', who, attributes, [
      image,
      mean,
      variance,
      ...withDefaults(graph, image, factors, rest),
    ] as number[]);
  return callOne({ who, attributes, operands: [...operands, ...factors], build, out: read.out, aliases: 1 });
}

export interface BatchNormTrained {
  readonly y: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** The same with the statistics of x itself: mean and population variance over everything but the channels. */
export function batchNormTrain(
  x: Tensor,
  options?: {
    readonly gamma?: Tensor | undefined;
    readonly beta?: Tensor | undefined;
    readonly epsilon?: number | undefined;
    /** Written instead of new tensors. */
    readonly out?: Partial<BatchNormTrained> | undefined;
  },
): BatchNormTrained {
  const who = 'batchNormTrain';
  const read = readOptions(who, options, ['gamma', 'beta', 'epsilon', 'out']);
  const out = readOptions(who, read.out, ['y', 'mean', 'variance']);
  const factors = factorsOf(who, read);
  const attributes: BatchNormAttributes = { epsilon: epsilon(who, read.epsilon) };
  const build: Build = (graph, [image, ...rest]) => {
    const statistics = graph.node('batchstats', who, {}, [image as number]);
    const inputs = [image, ...statistics, ...withDefaults(graph, image, factors, rest)] as number[];
    return [...graph.node('batchnorm', who, attributes, inputs), ...statistics];
  };
  const outs = [out.y, out.mean, out.variance];
  const results = callAll({ who, attributes, operands: [rows(who, x), ...factors], build, outs });
  const [y, mean, variance] = results as [Tensor, Tensor, Tensor];
  return Object.freeze({ y, mean, variance });
}

type Build = Parameters<typeof callOne>[0]['build'];

/** A batch whose last axis is what counts. */
function rows(who: string, x: unknown): Operand {
  const operand = samples(who, 'x', x);
  if (operand.tensor.shape.length >= 2) return operand;
  throw new ShapeError(
    `${who}: expected x to have 2 dimensions or more, got ${showShape(operand.tensor.shape)}`,
  );
}

/** gamma and beta, as far as they are given. */
function factorsOf(
  who: string,
  read: { readonly gamma?: unknown | undefined; readonly beta?: unknown | undefined },
): Operand[] {
  return (['gamma', 'beta'] as const).flatMap((name) =>
    read[name] === undefined ? [] : [whole(who, name, read[name])],
  );
}

/** gamma and beta as values of the graph: what was given, or constants. */
function withDefaults(
  graph: GraphBuilder,
  image: number | undefined,
  given: readonly Operand[],
  values: readonly number[],
): number[] {
  const channels = graph.value(image as number).shape.at(-1) as number;
  return (
    [
      ['gamma', 1],
      ['beta', 0],
    ] as const
  ).map(([name, value]) => {
    const index = given.findIndex((operand) => operand.name === name);
    return values[index] ?? graph.constant(name, [channels], new Float32Array(channels).fill(value));
  });
}

function epsilon(who: string, value: unknown): number {
  if (value === undefined) return 1e-3;
  if (typeof value === 'number' && value >= 0 && Number.isFinite(Math.fround(value))) return value;
  throw expected(who, 'epsilon', 'a number of 0 or more', value);
}
