import { show } from '../../errors.js';
import { isList } from '../../options.js';
import { refuse } from '../refusal.js';

/** The own fields of a JSON object, each of the type that is asked for; `who` is what messages call the object. */
export interface Fields {
  readonly who: string;
  /** Undefined where it is missing; null counts as missing. */
  get(name: string): unknown;
  text(name: string): string | undefined;
  flag(name: string): boolean | undefined;
  /** An integer of at least 0 that float64 holds exactly. */
  natural(name: string): number | undefined;
  list(name: string): readonly unknown[] | undefined;
  /** The fields of an object; none where it is missing. */
  object(name: string): Fields;
}

/** Throws a Refusal (400) for all that is no object. */
export function fieldsOf(who: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || isList(value)) {
    return refuse(`${who}: expected an object, got ${show(value)}`);
  }
  const get = (name: string): unknown =>
    Object.hasOwn(value, name) ? ((value as Record<string, unknown>)[name] ?? undefined) : undefined;
  const typed =
    <T>(rule: string, is: (item: unknown) => boolean) =>
    (name: string): T | undefined => {
      const item = get(name);
      if (item === undefined || is(item)) return item as T | undefined;
      return refuse(`${who}: expected ${name} to be ${rule}, got ${show(item)}`);
    };
  return {
    who,
    get,
    text: typed('a text', (item) => typeof item === 'string'),
    flag: typed('true or false', (item) => typeof item === 'boolean'),
    natural: typed(
      'an integer from 0 to 2^53 - 1',
      (item) => Number.isSafeInteger(item) && Number(item) >= 0,
    ),
    list: typed('an array', isList),
    object: (name) => fieldsOf(`${who}: ${name}`, get(name) ?? {}),
  };
}
