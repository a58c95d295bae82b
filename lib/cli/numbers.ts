import { UsageError } from './command.js';

/** The integer that an option was given; undefined where it was not. Throws a UsageError for any other text. */
export function integerOption(name: string, text: string | undefined, least: 0 | 1): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  const rule = least === 1 ? 'a positive integer' : `an integer of at least ${least}`;
  throw new UsageError(`expected --${name} to be ${rule}, got ${JSON.stringify(text)}`);
}
