import { OptionError, show } from '../errors.js';
import { expected, positiveInteger, readOptions } from '../options.js';

/** How requests are gathered. */
export interface BatcherOptions {
  /** Samples computed at once: 32. */
  readonly maxBatchSize?: number | undefined;
  /** How long the oldest request waits for a full batch, in milliseconds: 0, whatever waits goes when the engine is free. */
  readonly maxQueueDelayMs?: number | undefined;
  /** Requests that may wait; the next one is refused: 256. */
  readonly maxQueueSize?: number | undefined;
  /** How long a request may wait for its turn, in milliseconds: without a limit. */
  readonly timeoutMs?: number | undefined;
}

/** The options as they hold. */
export interface ResolvedBatcherOptions {
  readonly maxBatchSize: number;
  readonly maxQueueDelayMs: number;
  readonly maxQueueSize: number;
  readonly timeoutMs: number | undefined;
}

/** What a timer of Node can hold. */
const maxDelay = 2 ** 31 - 1;

export function readBatcherOptions(options: unknown): ResolvedBatcherOptions {
  const who = 'batcher';
  const given = readOptions(who, options, ['maxBatchSize', 'maxQueueDelayMs', 'maxQueueSize', 'timeoutMs']);
  return Object.freeze({
    maxBatchSize: positiveInteger(who, 'maxBatchSize', given.maxBatchSize, 32),
    maxQueueDelayMs: milliseconds(who, 'maxQueueDelayMs', given.maxQueueDelayMs) ?? 0,
    maxQueueSize: positiveInteger(who, 'maxQueueSize', given.maxQueueSize, 256),
    timeoutMs: timeout(who, given.timeoutMs),
  });
}

/** The time limit of one request: a rule of the batcher can only be made shorter. */
export function shorterTimeout(who: string, value: unknown, limit: number | undefined): number | undefined {
  const given = timeoutOfRequest(who, value);
  if (given === undefined || limit === undefined) return given ?? limit;
  return Math.min(given, limit);
}

function timeout(who: string, value: unknown): number | undefined {
  const given = milliseconds(who, 'timeoutMs', value);
  if (given !== 0) return given;
  throw new OptionError(`${who}: expected timeoutMs to be above 0, got ${show(value)}`);
}

/** Of a request it may be 0 or less: its time is over already. */
function timeoutOfRequest(who: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value <= maxDelay) return value;
  throw expected(who, 'timeoutMs', `a number of milliseconds up to ${maxDelay}`, value);
}

function milliseconds(who: string, name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 0 && value <= maxDelay) return value;
  throw expected(who, name, `a number of milliseconds from 0 to ${maxDelay}`, value);
}
