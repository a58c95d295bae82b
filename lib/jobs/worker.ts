import { stat } from 'node:fs/promises';
import type { Job, Queue } from 'bullmq';
import { OptionError, ShapeError } from '../errors.js';
import { type Classifier, classifier } from '../images/classifier.js';
import type { Model } from '../model/face.js';
import { boolean, expected, list, positiveInteger, readOptions } from '../options.js';
import { peer } from '../peer.js';
import { batcher } from '../serve/batcher.js';
import type { BatcherStatistics } from '../serve/statistics.js';
import { warmUp } from '../serve/warm-up.js';
import { answerJob, type JobMeans } from './job-data.js';
import { urlPrefix } from './sources.js';

export interface JobWorkerOptions {
  readonly model: Model;
  /** `redis://host:port` of the server that holds the queue. */
  readonly redis: string;
  /** The queue's name, as its producers have it. Jobs that fail for good are in the queue `NAME-dead` as well. */
  readonly queue: string;
  /** The folder below which jobs may name pictures: none. */
  readonly images?: string | undefined;
  /** Beginnings of http(s) addresses that jobs may have fetched: none. */
  readonly urlPrefixes?: readonly string[] | undefined;
  /** Classes per picture: 5. */
  readonly top?: number | undefined;
  /** Samples computed at once: 32. */
  readonly maxBatchSize?: number | undefined;
  /** Jobs in hand at once: twice `maxBatchSize`, so that one batch is read while another is computed. */
  readonly concurrency?: number | undefined;
  /** The most bytes that one picture may have: 32 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds that fetching a picture may take: 10,000. */
  readonly fetchTimeoutMs?: number | undefined;
  /** Milliseconds after which a job whose worker is gone is taken over by another one: 30,000. */
  readonly stalledMs?: number | undefined;
  /** How often a job's worker may go before the job counts as the cause and fails: 3. */
  readonly maxStalls?: number | undefined;
  /** Whether the model is run once on zeros before the first job is taken: true. */
  readonly warmUp?: boolean | undefined;
  /** Told of errors outside of jobs: the connection was lost, a job was taken over meanwhile. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A worker of a queue. */
export interface JobWorker {
  statistics(): BatcherStatistics;
  /**
   * Takes no new jobs and resolves when those in hand are done and acknowledged; the model stays as it is. While the
   * server of the queue is away it waits, possibly for ever: whoever has to end bounds that time.
   */
  close(): Promise<void>;
}

const who = 'createWorker';

function settingsOf(options: JobWorkerOptions) {
  const given = readOptions(who, options, [
    'model',
    'redis',
    'queue',
    'images',
    'urlPrefixes',
    'top',
    'maxBatchSize',
    'concurrency',
    'maxBytes',
    'fetchTimeoutMs',
    'stalledMs',
    'maxStalls',
    'warmUp',
    'onError',
  ]);
  const text = (name: 'redis' | 'queue' | 'images', rule: string, pattern: RegExp): string => {
    const value = given[name];
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw expected(who, name, rule, value);
  };
  const prefixes = list(who, 'urlPrefixes', given.urlPrefixes ?? [], 'an array of addresses');
  const { onError = () => {} } = given;
  if (typeof onError !== 'function') throw expected(who, 'onError', 'a function', onError);
  const maxBatchSize = positiveInteger(who, 'maxBatchSize', given.maxBatchSize, 32);
  return {
    model: given.model as Model,
    redis: text('redis', 'an address redis://... or rediss://...', /^rediss?:\/\//),
    // BullMQ separates the parts of its keys by colons.
    queue: text('queue', 'a name without colons', /^[^:]+$/),
    images: given.images === undefined ? undefined : text('images', 'the path of a folder', /^[^\0]+$/),
    urlPrefixes: prefixes.map((prefix) => urlPrefix(String(prefix))),
    top: positiveInteger(who, 'top', given.top, 5),
    maxBatchSize,
    concurrency: positiveInteger(who, 'concurrency', given.concurrency, 2 * maxBatchSize),
    maxBytes: positiveInteger(who, 'maxBytes', given.maxBytes, 32 << 20),
    fetchTimeoutMs: positiveInteger(who, 'fetchTimeoutMs', given.fetchTimeoutMs, 10_000),
    stalledMs: positiveInteger(who, 'stalledMs', given.stalledMs, 30_000),
    maxStalls: positiveInteger(who, 'maxStalls', given.maxStalls, 3),
    warmUp: boolean(who, 'warmUp', given.warmUp, true),
    onError: onError as (error: Error) => void,
  };
}

/**
 * Does the jobs of a BullMQ queue with a model; several that come together are computed in one batch. A job is
 * acknowledged when its answer is stored as its return value; what was in hand when a worker died is done by another one.
 * Errors that may pass are tried again as often as the job's `attempts` say; a job that is wrong fails at once.
 * Throws a BackendError where bullmq or ioredis are not installed.
 */
export async function createWorker(options: JobWorkerOptions): Promise<JobWorker> {
  const settings = settingsOf(options);
  const { queue, concurrency, stalledMs, maxStalls, onError } = settings;
  const [bullmq, ioredis] = await peer(['bullmq', 'ioredis'], who, () =>
    Promise.all([import('bullmq'), import('ioredis')]),
  );
  if (settings.images !== undefined) await checkFolder(settings.images);
  const requests = batcher(settings.model, {
    maxBatchSize: settings.maxBatchSize,
    maxQueueSize: Math.max(concurrency, settings.maxBatchSize),
  });
  let ready: Classifier | undefined;
  const means: JobMeans = {
    ...settings,
    batcher: requests,
    classifier: () => {
      ready ??= classifier(settings.model);
      return ready;
    },
  };

  if (settings.warmUp) await warmUp(settings.model, picturesOf(means));

  const connection = new ioredis.Redis(settings.redis, { maxRetriesPerRequest: null });
  connection.on('error', onError);
  const dead = new bullmq.Queue(`${queue}-dead`, { connection });
  dead.on('error', onError);
  const graves = graveyard(queue, dead);
  const process = async (job: Job): Promise<object> => {
    try {
      return await answerJob(job.data, means);
    } catch (error) {
      const wrong = error instanceof OptionError || error instanceof ShapeError;
      if (wrong || job.attemptsMade + 1 >= (job.opts.attempts ?? 1)) await graves.bury(job, error as Error);
      throw wrong ? new bullmq.UnrecoverableError(error.message) : error;
    }
  };
  const worker = new bullmq.Worker(queue, process, {
    connection,
    concurrency,
    lockDuration: stalledMs,
    stalledInterval: stalledMs,
    maxStalledCount: maxStalls,
  });
  worker.on('error', onError);
  // Jobs whose workers went too often fail without having been tried once more.
  worker.on('failed', (job, error) => {
    if (job?.finishedOn !== undefined) graves.bury(job, error).catch(onError);
  });
  await worker.waitUntilReady();
  const close = async () => {
    await worker.close();
    await requests.close();
    await graves.settled();
    await dead.close();
    await connection.quit();
  };
  let closing: Promise<void> | undefined;
  return {
    statistics: () => requests.statistics(),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function picturesOf({ classifier }: JobMeans): Classifier | undefined {
  try {
    return classifier();
  } catch {
    // Its jobs are tensors.
    return undefined;
  }
}

/** Puts jobs that failed for good into the queue of dead ones, each once. */
function graveyard(queue: string, dead: Queue) {
  const done = new WeakMap<Job, Promise<unknown>>();
  const pending = new Set<Promise<unknown>>();
  return {
    bury(job: Job, error: Error): Promise<unknown> {
      const begun = done.get(job);
      if (begun) return begun;
      const { id, name, data, attemptsMade } = job;
      const letter = { queue, id, name, data, attemptsMade, error: error.message };
      // The id keeps a job that is buried by two workers, one after the other's end, from coming twice.
      const adding = dead.add(name, letter, { jobId: `dead-${id}` });
      done.set(job, adding);
      pending.add(adding);
      const end = () => pending.delete(adding);
      adding.then(end, end);
      return adding;
    },
    settled: () => Promise.allSettled(pending),
  };
}

async function checkFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw expected(who, 'images', 'the path of a folder', path);
}
