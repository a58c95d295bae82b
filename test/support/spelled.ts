import { type Graph, type GraphBuilder, graphBuilder, type OpId } from './internals.js';
import { floats, random } from './random.js';

const toLast = [1, 2, 0];
const toFirst = [2, 0, 1];

/** Attributes of a window: stride 1, no padding and no dilation unless told. */
export function windowOf(stride = 1, pad = 0) {
  return { strides: [stride, stride], padding: [pad, pad, pad, pad], dilations: [1, 1] };
}

/**
 * Writes graphs for values [c, h, w], the way files of other frameworks do: around each op that demands channels last
 * stand two permutations. Weights are seeded numbers.
 */
export class Spelled {
  readonly graph: GraphBuilder = graphBuilder();
  readonly #next = random(7);

  input(...shape: number[]): number {
    return this.graph.input('x', shape);
  }

  weight(shape: readonly number[], low = -0.5, high = 0.5): number {
    const size = shape.reduce((product, length) => product * length, 1);
    return this.graph.constant('weight', shape, floats(this.#next, size, low, high));
  }

  constant(shape: readonly number[], numbers: readonly number[]): number {
    return this.graph.constant('constant', shape, Float32Array.from(numbers));
  }

  node(op: OpId, attributes: object, ...inputs: number[]): number {
    return this.graph.node(op, op, attributes, inputs)[0] as number;
  }

  shape(id: number): readonly number[] {
    return this.graph.value(id).shape;
  }

  permute(x: number, ...axes: number[]): number {
    return this.node('copy', { kind: 'permute', axes }, x);
  }

  reshape(x: number, ...shape: number[]): number {
    return this.node('reshape', { shape }, x);
  }

  /** A node that works on [h, w, c], between permutations. */
  around(op: OpId, attributes: object, x: number, ...others: number[]): number {
    return this.permute(this.node(op, attributes, this.permute(x, ...toLast), ...others), ...toFirst);
  }

  conv(x: number, filters: number, size = 1, { stride = 1, pad = 0, groups = 1, bias = true } = {}): number {
    const channels = (this.shape(x)[0] as number) / groups;
    const weights = [this.weight([size, size, channels, filters]), ...(bias ? [this.weight([filters])] : [])];
    return this.around('conv2d', { ...windowOf(stride, pad), groups }, x, ...weights);
  }

  depthwise(x: number, size = 3, stride = 1): number {
    const channels = this.shape(x)[0] as number;
    return this.around(
      'depthwise2d',
      windowOf(stride, (size - 1) / 2),
      x,
      this.weight([size, size, channels, 1]),
    );
  }

  batchNorm(x: number): number {
    const shape = [this.shape(x)[0] as number];
    const [mean, variance] = [this.weight(shape), this.weight(shape, 0.5, 2)];
    const statistics = [mean, variance, this.weight(shape, 0.5, 1.5), this.weight(shape)];
    return this.around('batchnorm', { epsilon: 1e-5 }, x, ...statistics);
  }

  maxPool(x: number, size = 2, stride = size): number {
    return this.around('maxpool2d', { ...windowOf(stride), poolSize: [size, size] }, x);
  }

  relu(x: number): number {
    return this.node('unary', { activation: 'relu', beta: Number.POSITIVE_INFINITY }, x);
  }

  unary(activation: string, x: number): number {
    return this.node('unary', { activation }, x);
  }

  binary(kind: string, a: number, b: number): number {
    return this.node('binary', { kind }, a, b);
  }

  concat(...xs: number[]): number {
    return this.node('concat', { axis: 0 }, ...xs);
  }

  /** Global average pooling, flattening and a dense layer. */
  head(x: number, units = 5): number {
    const pooled = this.node('reduce', { kind: 'mean', axes: [1, 2], keepDims: true }, x);
    const [channels] = this.shape(pooled) as [number];
    return this.node('matmul', {}, this.reshape(pooled, channels), this.weight([channels, units]));
  }

  /** A number that broadcasts to everything. */
  number(value: number): number {
    return this.constant([], [value]);
  }

  finish(...outputs: number[]): Graph {
    return this.graph.finish(outputs);
  }
}
