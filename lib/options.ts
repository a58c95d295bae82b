import { OptionError, show } from './errors.js';
import type { Pair } from './geometry.js';
import type { Activated } from './ops/activation.js';

/** Numbers of the geometry are int32 in the engines. */
const maxInteger = 2 ** 31 - 1;

/** Options as read: own properties only, each read once, so nothing can change or be inherited afterwards. */
export type Options<K extends string> = { readonly [key in K]?: unknown };

/** [[top, bottom], [left, right]] */
export type Pads = readonly [Pair, Pair];

/** A copy of `options` without anything inherited; a name that is not among `known` is refused. */
export function readOptions<K extends string>(
  who: string,
  options: unknown,
  known: readonly K[],
): Options<K> {
  const copy: Record<string, unknown> = Object.create(null);
  if (options === undefined) return copy as Options<K>;
  if (typeof options !== 'object' || options === null || isList(options) || ArrayBuffer.isView(options)) {
    throw new OptionError(`${who}: expected options to be an object, got ${show(options)}`);
  }
  for (const key of ownKeys(who, options)) {
    if (!(known as readonly string[]).includes(key)) {
      throw new OptionError(`${who}: unknown option ${show(key)}; known are ${known.join(', ') || 'none'}`);
    }
    try {
      copy[key] = (options as Record<string, unknown>)[key];
    } catch (error) {
      throw new OptionError(`${who}: the option ${key} cannot be read`, { cause: error });
    }
  }
  return copy as Options<K>;
}

/** `Array.isArray`, which throws for a revoked proxy. */
export function isList(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function ownKeys(who: string, options: object): string[] {
  try {
    return Object.keys(options);
  } catch (error) {
    throw new OptionError(`${who}: the options cannot be read`, { cause: error });
  }
}

/** `conv2d: expected kernelSize to be a positive integer, got 0` */
export function expected(who: string, name: string, rule: string, value: unknown): OptionError {
  return new OptionError(`${who}: expected ${name} to be ${rule}, got ${show(value)}`);
}

export function positiveInteger(who: string, name: string, value: unknown, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (isInteger(value) && value > 0) return value;
  throw expected(who, name, 'a positive integer', value);
}

export function integer(who: string, name: string, value: unknown, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (isInteger(value)) return value === 0 ? 0 : value;
  throw expected(who, name, 'an integer', value);
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= maxInteger;
}

export function finite(who: string, name: string, value: unknown, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return value;
  throw expected(who, name, 'a finite number', value);
}

export function boolean(who: string, name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === 'boolean') return value;
  throw expected(who, name, 'true or false', value);
}

export function oneOf<T extends string>(
  who: string,
  name: string,
  value: unknown,
  allowed: readonly T[],
  fallback?: T,
): T {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === 'string' && (allowed as readonly string[]).includes(value)) return value as T;
  throw expected(who, name, `one of ${allowed.map((item) => `'${item}'`).join(', ')}`, value);
}

/** A list as a new array, each element read once. */
export function list(who: string, name: string, value: unknown, rule = 'an array'): unknown[] {
  try {
    if (Array.isArray(value)) return Array.from({ length: value.length }, (_, i) => value[i]);
  } catch (error) {
    throw new OptionError(`${who}: ${name} cannot be read`, { cause: error });
  }
  throw expected(who, name, rule, value);
}

/** A positive integer for both axes, or [height, width]. */
export function pair(who: string, name: string, value: unknown, fallback?: number | Pair): Pair {
  return pairOf(who, name, value, fallback, (item) => item > 0, 'a positive integer');
}

/** The same with 0 allowed. */
export function nonNegativePair(who: string, name: string, value: unknown, fallback?: number | Pair): Pair {
  return pairOf(who, name, value, fallback, (item) => item >= 0, 'a non-negative integer');
}

function pairOf(
  who: string,
  name: string,
  value: unknown,
  fallback: number | Pair | undefined,
  allowed: (item: number) => boolean,
  rule: string,
): Pair {
  const given = value === undefined && fallback !== undefined ? fallback : value;
  const both = isList(given) ? list(who, name, given) : [given, given];
  const [height, width] = both.map((item) => (item === 0 ? 0 : item));
  if (both.length === 2 && isInteger(height) && isInteger(width) && allowed(height) && allowed(width)) {
    return Object.freeze([height, width] as const);
  }
  throw expected(who, name, isList(given) ? `[height, width], each ${rule}` : rule, value);
}

/** 'valid', 'same', a number for all four sides, or [[top, bottom], [left, right]]. */
export type Padding = 'valid' | 'same' | Pads;

export function padding(who: string, value: unknown, fallback: 'valid' | 'same' = 'valid'): Padding {
  if (value === undefined) return fallback;
  if (value === 'valid' || value === 'same') return value;
  if (typeof value === 'string') throw expected(who, 'padding', paddingRule, value);
  return pads(who, 'padding', value, paddingRule);
}

const paddingRule = "'valid', 'same', a non-negative integer or [[top, bottom], [left, right]]";
const padsRule = 'a non-negative integer or [[top, bottom], [left, right]]';

/** A number for all four sides, or [[top, bottom], [left, right]]. */
export function pads(who: string, name: string, value: unknown, rule = padsRule): Pads {
  if (!isList(value)) {
    if (!isInteger(value) || value < 0) throw expected(who, name, rule, value);
    const both = Object.freeze([value === 0 ? 0 : value, value === 0 ? 0 : value] as const);
    return Object.freeze([both, both] as const);
  }
  const sides = list(who, name, value);
  if (sides.length !== 2 || !isList(sides[0]) || !isList(sides[1])) {
    throw expected(who, name, rule, value);
  }
  const [vertical, horizontal] = sides;
  return Object.freeze([
    nonNegativePair(who, `${name}[0]`, vertical),
    nonNegativePair(who, `${name}[1]`, horizontal),
  ] as const);
}

/** The elementwise activations under the names that users write, with the parameters they have by default. */
export const activations: ReadonlyMap<string, Activated> = new Map<string, Activated>([
  ['linear', { activation: 'none' }],
  ['relu', { activation: 'relu', beta: Number.POSITIVE_INFINITY }],
  ['leakyReLU', { activation: 'leakyrelu', alpha: 0.3 }],
  ['elu', { activation: 'elu', alpha: 1 }],
  ['sigmoid', { activation: 'sigmoid' }],
  ['tanh', { activation: 'tanh' }],
  ['softplus', { activation: 'softplus' }],
  ['hardSigmoid', { activation: 'hardsigmoid', alpha: 1 / 6, beta: 0.5 }],
  ['hardSwish', { activation: 'hardswish' }],
  ['swish', { activation: 'swish' }],
  ['gelu', { activation: 'gelu' }],
]);

export const elementwiseActivations: readonly string[] = [...activations.keys()];
