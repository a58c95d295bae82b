import { attributesOf, type Node, type Value } from '../graph/graph.js';
import type { OpId } from '../ops/index.js';
import type { Attributes } from '../ops/op.js';
import { sameShape } from '../tensor.js';

/** y = act(x scale[c] + shift[c]) per channel, the last axis of x. */
export interface Affine {
  readonly x: number;
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * What a node does to each channel, where that is a multiplication and an addition of finite constants: `scale`,
 * `batchnorm` with constant statistics, and arithmetic with one number for all channels or one for each.
 */
export function affineOf(node: Node, value: (id: number) => Value): Affine | undefined {
  const affine = readings[node.op]?.(node, value);
  return affine && isFinite32(affine.scale) && isFinite32(affine.shift) ? affine : undefined;
}

type Reading = (node: Node, value: (id: number) => Value) => Affine | undefined;

const ofScale: Reading = ({ inputs }, value) => {
  const [x = 0, scale = 0, shift = 0] = inputs;
  const [p, q] = [value(scale).data, value(shift).data];
  return p && q && { x, scale: Float64Array.from(p), shift: Float64Array.from(q) };
};

const ofBatchNorm: Reading = ({ inputs, attributes }, value) => {
  const [x = 0, ...statistics] = inputs;
  const [mean, variance, gamma, beta] = statistics.map((id) => value(id).data);
  if (!mean || !variance || !gamma || !beta) return undefined;
  const { epsilon } = attributes as { epsilon: number };
  const scale = new Float64Array(gamma.length);
  const shift = new Float64Array(gamma.length);
  // A plain loop: networks have tens of thousands of channels.
  for (let c = 0; c < scale.length; c++) {
    const factor = (gamma[c] as number) / Math.sqrt((variance[c] as number) + epsilon);
    scale[c] = factor;
    shift[c] = (beta[c] as number) - (mean[c] as number) * factor;
  }
  return { x, scale, shift };
};

const ofBinary: Reading = ({ inputs, outputs, attributes, repeat }, value) => {
  const [a = 0, b = 0] = inputs;
  const second = value(b).data !== undefined;
  const [x, k] = second ? [a, b] : [b, a];
  const { shape, data } = value(k);
  const c = value(x)
    .shape.slice(repeat === undefined ? 0 : 1)
    .at(-1);
  if (!data || value(x).data || c === undefined) return undefined;
  if (!sameShape(value(x).shape, value(outputs[0] as number).shape)) return undefined;
  // One number per channel has the channels as its only long axis, and as its last.
  if (data.length !== 1 && (data.length !== c || shape.at(-1) !== c)) return undefined;
  const factors = new Float64Array(c).map((_, i) => data[data.length === 1 ? 0 : i] as number);
  const line = lines[(attributes as { kind: string }).kind]?.(second);
  if (!line) return undefined;
  return {
    x,
    scale: factors.map((factor) => line(factor)[0]),
    shift: factors.map((factor) => line(factor)[1]),
  };
};

const readings: Readonly<Partial<Record<OpId, Reading>>> = {
  scale: ofScale,
  batchnorm: ofBatchNorm,
  binary: ofBinary,
};

export const affineOps = Object.keys(readings) as readonly OpId[];

/** Slope and intercept of a kind of arithmetic with a constant, which is the second operand or the first. */
const lines: Readonly<Record<string, (second: boolean) => ((k: number) => [number, number]) | undefined>> = {
  add: () => (k) => [1, k],
  multiply: () => (k) => [k, 0],
  subtract: (second) => (second ? (k) => [1, -k] : (k) => [-1, k]),
  divide: (second) => (second ? (k) => [1 / k, 0] : undefined),
};

/** True where all numbers are finite as float32. */
export function isFinite32(numbers: Float32Array | Float64Array): boolean {
  for (let i = 0; i < numbers.length; i++)
    if (!Number.isFinite(Math.fround(numbers[i] as number))) return false;
  return true;
}

/** The activation of a node, without its other attributes. */
export function activationOf({ attributes }: Node): Attributes {
  const names = ['activation', 'alpha', 'beta'];
  return attributesOf(
    Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name))),
  );
}
