import { OptionError, show } from './errors.js';

/** A JSON value, never changed after it was made. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deeper than any description of a model; keeps the walk below off the end of the stack. */
const maxDepth = 32;

/** A frozen deep copy of a plain JSON value; anything else in it is refused with the path to it. */
export function plainJson(who: string, name: string, value: unknown, depth = 0): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') {
    throw new OptionError(`${who}: expected ${name} to be a JSON value, got ${show(value)}`);
  }
  if (depth >= maxDepth) throw new OptionError(`${who}: ${name} is nested more than ${maxDepth} deep`);
  if (Array.isArray(value)) {
    return Object.freeze(
      Array.from({ length: value.length }, (_, i) => plainJson(who, `${name}[${i}]`, value[i], depth + 1)),
    );
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new OptionError(`${who}: expected ${name} to be a plain object, got ${show(value)}`);
  }
  // Entries become own properties whatever they are called, `__proto__` too.
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.freeze(
    Object.fromEntries(
      entries.map(([key, item]) => [key, plainJson(who, `${name}.${key}`, item, depth + 1)]),
    ),
  );
}
