import { OptionError, ShapeError, show } from '../errors.js';
import { readSignal } from '../model/arguments.js';
import type { CallReader, ModelCall } from '../model/calls.js';
import type { AnyNamed, Model, Named } from '../model/face.js';
import { originOfModel } from '../model/origin.js';
import { readOptions } from '../options.js';
import type { DataType, Tensor } from '../tensor.js';
import {
  type BatcherOptions,
  type ResolvedBatcherOptions,
  readBatcherOptions,
  shorterTimeout,
} from './batcher-options.js';
import { copyOf } from './copies.js';
import { ClosedError, DeadlineError, QueueFullError } from './errors.js';
import { execute } from './execute.js';
import { type Memory, memory, type Share } from './memory.js';
import { Request } from './request.js';
import { type BatcherStatistics, counters } from './statistics.js';
import { enter, give, leave, type Sharer } from './turns.js';
import { waiting } from './waiting.js';

/** How one request is treated. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that it may wait for its turn; only shortens what the batcher allows. */
  readonly timeoutMs?: number | undefined;
}

/** Computes requests that come one by one in batches. */
export interface Batcher {
  readonly model: Model;
  readonly options: ResolvedBatcherOptions;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /**
   * As `model.predict`: the same checks, errors and, bit for bit, answers; a batch has at most `maxBatchSize` samples. The
   * input is copied before this returns; it is computed with the weights that the model has at its turn.
   * Rejects with a QueueFullError, a DeadlineError, a ClosedError, or with `signal.reason` at the moment of the abort.
   */
  predict<Y extends Tensor<DataType> = Tensor>(x: Tensor<DataType>, options?: RequestOptions): Promise<Y>;
  predict<Y extends AnyNamed = Named>(x: AnyNamed, options?: RequestOptions): Promise<Y>;
  statistics(): BatcherStatistics;
  /** Takes no new requests and resolves when all that were accepted are answered; the model stays as it is. */
  close(): Promise<void>;
}

/**
 * Gathers requests to one model into batches: when the engine is free, as many as wait and fit go together, in the order of
 * their arrival. The batchers of a process share the engine fairly, by its time. The copies of inputs are counted in `room`;
 * where they would go over its budget, `predict` rejects with a BudgetError.
 */
export function batcher(model: Model, options?: BatcherOptions, room: Memory = memory(undefined)): Batcher {
  const read = readerOf(model);
  const resolved = readBatcherOptions(options);
  const { maxBatchSize, maxQueueDelayMs, maxQueueSize } = resolved;
  const queue = waiting(maxBatchSize);
  const counts = counters();
  let running = 0;
  let closing: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  let alarm: { readonly timer: NodeJS.Timeout; readonly at: number } | undefined;

  const due = (now: number): boolean =>
    closing !== undefined || now >= (queue.oldest ?? Number.POSITIVE_INFINITY) + maxQueueDelayMs;

  const sharer: Sharer = {
    get ready() {
      expire();
      return queue.count > 0 && (queue.full || due(performance.now()));
    },
    async take() {
      running++;
      const requests = queue.take(due(performance.now()));
      settle();
      const ms = await execute(requests, counts);
      for (const request of requests) request.release();
      running--;
      settle();
      return ms;
    },
  };

  const expire = (): void => {
    const over = queue.expire(performance.now());
    for (const request of over) {
      counts.refuse('timedOut');
      request.reject(overdue(performance.now() - request.arrived));
      request.release();
    }
    if (over.length > 0) settle();
  };

  /** After every change of the queue: asks for turns, sets the alarm, says that the last one is gone. */
  const settle = (): void => {
    if (queue.count > 0) enter(sharer);
    else leave(sharer);
    setAlarm();
    if (queue.count === 0 && running === 0) closing?.resolve();
  };

  /** Nothing is left behind that would keep an idle process alive. */
  const setAlarm = (): void => {
    const oldest = queue.oldest;
    let at = queue.deadline;
    if (oldest !== undefined && maxQueueDelayMs > 0 && !due(performance.now())) {
      at = Math.min(at, oldest + maxQueueDelayMs);
    }
    if (alarm && alarm.at === at) return;
    clearTimeout(alarm?.timer);
    alarm = undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(ring, Math.max(0, Math.ceil(at - performance.now())));
    alarm = { timer, at };
  };
  const ring = (): void => {
    alarm = undefined;
    expire();
    settle();
  };

  const accept = (
    call: ModelCall,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
    release: (() => void) | undefined,
  ) =>
    new Promise<unknown>((resolve, reject) => {
      const arrived = performance.now();
      const deadline = arrived + (timeoutMs ?? Number.POSITIVE_INFINITY);
      // Room is taken before the memory.
      const free = release ?? shareOf(call).release;
      const inputs = release ? call.inputs : call.inputs.map(copyOf);
      const request = new Request(call, inputs, arrived, deadline, { resolve, reject }, free);
      if (signal) {
        request.watch(signal, () => {
          counts.refuse('cancelled');
          // What is computed already has its inputs until the end.
          if (!queue.remove(request)) return;
          request.release();
          settle();
        });
      }
      queue.add(request);
      settle();
      if (queue.full) give();
    });

  const refuse = (error: Error, why: 'rejected' | 'timedOut'): never => {
    counts.refuse(why);
    throw error;
  };

  const shareOf = ({ inputs }: ModelCall): Share => {
    try {
      return room.take(
        'predict',
        inputs.reduce((sum, { byteLength }) => sum + byteLength, 0),
      );
    } catch (error) {
      return refuse(error as Error, 'rejected');
    }
  };

  const ask: Ask = (x, options, release) => {
    const given = options === undefined ? {} : readOptions('predict', options, ['signal', 'timeoutMs']);
    const signal = readSignal('predict', given.signal);
    const timeoutMs = shorterTimeout('predict', given.timeoutMs, resolved.timeoutMs);
    if (closing) refuse(new ClosedError('batcher: it is closed and takes no new requests'), 'rejected');
    const call = read(x);
    if (call.kind.joins && call.batch > maxBatchSize) {
      throw new ShapeError(
        `predict: expected a batch of at most maxBatchSize = ${maxBatchSize} samples, got ${call.batch}; send fewer, or make the batcher with a larger one`,
      );
    }
    if (signal?.aborted) {
      counts.refuse('cancelled');
      throw signal.reason;
    }
    if (timeoutMs !== undefined && timeoutMs <= 0) refuse(overdue(0), 'timedOut');
    if (queue.count >= maxQueueSize) expire();
    if (queue.count >= maxQueueSize) {
      const full = `batcher: the queue is full: ${queue.count} requests wait, and maxQueueSize is ${maxQueueSize}; send it again later`;
      refuse(new QueueFullError(full), 'rejected');
    }
    return accept(call, timeoutMs, signal, release);
  };

  const made = {
    model,
    options: resolved,
    get waiting() {
      return queue.count;
    },

    predict(x: unknown, options?: RequestOptions): Promise<unknown> {
      try {
        return ask(x, options);
      } catch (error) {
        return Promise.reject(error);
      }
    },

    statistics: counts.read,

    close() {
      if (!closing) {
        let resolve = (): void => {};
        const promise = new Promise<void>((done) => {
          resolve = done;
        });
        closing = { promise, resolve };
        settle();
      }
      return closing.promise;
    },
  };
  const frozen = Object.freeze(made) as Batcher;
  asks.set(frozen, ask);
  return frozen;
}

type Ask = (
  x: unknown,
  options: RequestOptions | undefined,
  release?: (() => void) | undefined,
) => Promise<unknown>;

const asks = new WeakMap<Batcher, Ask>();

/**
 * `predict` without the copy: the arrays belong to the batcher, which calls `release` when they are not read any more, not
 * before a run that they are in has ended. Where the request is refused, they are the caller's again. Without `release` they are
 * copied as ever.
 */
export function predictOwned(
  to: Batcher,
  x: Named | AnyNamed,
  options: RequestOptions,
  release: (() => void) | undefined,
): Promise<AnyNamed> {
  return (asks.get(to) as Ask)(x, options, release) as Promise<AnyNamed>;
}

function readerOf(model: unknown): CallReader {
  const origin = originOfModel(model);
  if (origin) return origin.read;
  throw new OptionError(`batcher: expected a model of neocog, got ${show(model)}`);
}

function overdue(waited: number): DeadlineError {
  return new DeadlineError(
    `batcher: the request's time was over before its turn, after ${waited.toFixed(0)} ms`,
  );
}
