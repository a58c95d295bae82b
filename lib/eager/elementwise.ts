import { OptionError } from '../errors.js';
import type { Activated, Binary } from '../ops/index.js';
import { activations, boolean, finite, integer, list, readOptions } from '../options.js';
import type { Tensor } from '../tensor.js';
import { callOne, type Operand, whole } from './call.js';

/** `out` is written instead of a new tensor; here it may be an operand itself. */
export interface OutOption {
  readonly out?: Tensor | undefined;
}

/** min(max(x, 0), maxValue); NaN stays NaN. */
export function relu(x: Tensor, options?: OutOption & { readonly maxValue?: number | undefined }): Tensor {
  const read = readOptions('relu', options, ['maxValue', 'out']);
  const beta =
    read.maxValue === undefined ? Number.POSITIVE_INFINITY : finite('relu', 'maxValue', read.maxValue);
  return unary('relu', x, { activation: 'relu', beta }, read.out);
}

/** x < 0 ? alpha x : x */
export function leakyReLU(x: Tensor, options?: OutOption & { readonly alpha?: number | undefined }): Tensor {
  const read = readOptions('leakyReLU', options, ['alpha', 'out']);
  return unary(
    'leakyReLU',
    x,
    { activation: 'leakyrelu', alpha: finite('leakyReLU', 'alpha', read.alpha, 0.3) },
    read.out,
  );
}

/** x < 0 ? alpha (exp(x) - 1) : x */
export function elu(x: Tensor, options?: OutOption & { readonly alpha?: number | undefined }): Tensor {
  const read = readOptions('elu', options, ['alpha', 'out']);
  return unary('elu', x, { activation: 'elu', alpha: finite('elu', 'alpha', read.alpha, 1) }, read.out);
}

/** min(max(alpha x + beta, 0), 1); relu6(x + 3) / 6 by default. */
export function hardSigmoid(
  x: Tensor,
  options?: OutOption & { readonly alpha?: number | undefined; readonly beta?: number | undefined },
): Tensor {
  const who = 'hardSigmoid';
  const read = readOptions(who, options, ['alpha', 'beta', 'out']);
  const alpha = finite(who, 'alpha', read.alpha, 1 / 6);
  return unary(
    who,
    x,
    { activation: 'hardsigmoid', alpha, beta: finite(who, 'beta', read.beta, 0.5) },
    read.out,
  );
}

/** x (1 + erf(x / sqrt 2)) / 2; the tanh form with `approximate`. */
export function gelu(
  x: Tensor,
  options?: OutOption & { readonly approximate?: boolean | undefined },
): Tensor {
  const read = readOptions('gelu', options, ['approximate', 'out']);
  const approximate = boolean('gelu', 'approximate', read.approximate, false);
  return unary('gelu', x, { activation: approximate ? 'gelutanh' : 'gelu' }, read.out);
}

/** 1 / (1 + exp(-x)) */
export const sigmoid = plain('sigmoid');
export const tanh = plain('tanh');
/** log(1 + exp(x)) */
export const softplus = plain('softplus');
/** x relu6(x + 3) / 6 */
export const hardSwish = plain('hardSwish');
/** x sigmoid(x) */
export const swish = plain('swish');

/** exp(x) over its sum along an axis that counts the batch. */
export function softmax(x: Tensor, options?: OutOption & { readonly axis?: number | undefined }): Tensor {
  const who = 'softmax';
  const read = readOptions(who, options, ['axis', 'out']);
  const operand = whole(who, 'x', x);
  const attributes = { axis: axis(who, read.axis, operand) };
  const build: Build = (graph, values) => graph.node('softmax', who, attributes, values);
  return callOne({ who, attributes, operands: [operand], build, out: read.out });
}

/** x < 0 ? alpha x : x, where alpha broadcasts to x. */
export function prelu(x: Tensor, alpha: Tensor, options?: OutOption): Tensor {
  return binary('prelu', 'prelu', [whole('prelu', 'x', x), whole('prelu', 'alpha', alpha)], options);
}

/** a + b; shapes broadcast as in NumPy. */
export function add(a: Tensor, b: Tensor, options?: OutOption): Tensor {
  return binary('add', 'add', [whole('add', 'a', a), whole('add', 'b', b)], options);
}

/** a * b, element by element; shapes broadcast as in NumPy. */
export function multiply(a: Tensor, b: Tensor, options?: OutOption): Tensor {
  return binary('multiply', 'multiply', [whole('multiply', 'a', a), whole('multiply', 'b', b)], options);
}

/** Tensors one beside the other along an axis (the last) that counts the batch. */
export function concat(
  tensors: readonly Tensor[],
  options?: OutOption & { readonly axis?: number | undefined },
): Tensor {
  const who = 'concat';
  const read = readOptions(who, options, ['axis', 'out']);
  const operands = list(who, 'tensors', tensors).map((item, i) => whole(who, `tensors[${i}]`, item));
  const [first] = operands;
  if (!first) throw new OptionError(`${who}: expected one tensor or more, got none`);
  const attributes = { axis: axis(who, read.axis, first) };
  const build: Build = (graph, values) => graph.node('concat', who, attributes, values);
  return callOne({ who, attributes, operands, build, out: read.out });
}

type Build = Parameters<typeof callOne>[0]['build'];

/** A function without parameters, under the name that `activations` has for it. */
function plain(who: string): (x: Tensor, options?: OutOption) => Tensor {
  const attributes = activations.get(who) ?? {};
  return (x, options) => unary(who, x, attributes, readOptions(who, options, ['out']).out);
}

function unary(who: string, x: unknown, attributes: Activated, out: unknown): Tensor {
  const build: Build = (graph, values) => graph.node('unary', who, attributes, values);
  return callOne({ who, attributes, operands: [whole(who, 'x', x)], build, out, aliases: 1 });
}

function binary(
  who: string,
  kind: Binary,
  operands: readonly Operand[],
  options: OutOption | undefined,
): Tensor {
  const attributes = { kind };
  const build: Build = (graph, values) => graph.node('binary', who, attributes, values);
  return callOne({
    who,
    attributes,
    operands,
    build,
    out: readOptions(who, options, ['out']).out,
    aliases: 2,
  });
}

/** An axis of an operand as it is, negative ones counted from the end. */
function axis(who: string, value: unknown, { name, tensor: { shape } }: Operand): number {
  const given = integer(who, 'axis', value, -1);
  const counted = given < 0 ? given + shape.length : given;
  if (counted >= 0 && counted < shape.length) return counted;
  const rule = `from ${-shape.length} to ${shape.length - 1} for ${name} of ${shape.length} dimensions`;
  throw new OptionError(`${who}: expected axis to be ${rule}, got ${given}`);
}
