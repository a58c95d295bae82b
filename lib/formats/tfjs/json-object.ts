import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';

/** Own fields of a JSON object that comes from outside; errors begin with what it is. */
export interface JsonObject {
  readonly fail: Fail;
  /** Undefined where there is none; `null` too is none, as Python's `None`. */
  get(name: string): unknown;
  text(name: string): string;
  list(name: string): readonly unknown[];
  object(name: string): JsonObject;
}

export function jsonObject(who: string, value: unknown, outer: Fail): JsonObject {
  const fail: Fail = (rule) => outer(`${who}: ${rule}`);
  if (!isObject(value)) return fail(`expected an object, got ${show(value)}`);
  const get = (name: string): unknown =>
    Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
  return Object.freeze({
    fail,
    get,
    text(name: string) {
      const found = get(name);
      return typeof found === 'string' ? found : fail(`expected ${name} to be a text, got ${show(found)}`);
    },
    list(name: string) {
      const found = get(name);
      return Array.isArray(found) ? found : fail(`expected ${name} to be an array, got ${show(found)}`);
    },
    object: (name: string) => jsonObject(`${who}: ${name}`, get(name), outer),
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
