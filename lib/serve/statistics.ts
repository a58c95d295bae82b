import type { EngineTime } from './engine-time.js';
import type { Request } from './request.js';

/** How many, and their milliseconds in sum. */
export interface Tally {
  readonly count: number;
  readonly ms: number;
}

/** What a batcher has done since it was made. */
export interface BatcherStatistics {
  /** Samples answered. */
  readonly inferenceCount: number;
  /** Runs of the engine. */
  readonly executionCount: number;
  /** When the last run ended, in milliseconds since 1970; undefined before the first. */
  readonly lastInference: number | undefined;
  /** Requests answered, from their arrival to the answer. */
  readonly success: Tally;
  /** Requests that the engine failed at. */
  readonly failed: number;
  /** Requests that found the queue full, or the batcher closed. */
  readonly rejected: number;
  /** Requests whose time was over before their turn. */
  readonly timedOut: number;
  /** Requests that their callers gave up. */
  readonly cancelled: number;
  /** Requests that were computed, from their arrival to the begin of the run. */
  readonly queue: Tally;
  /** Runs, and the engine's time for them. */
  readonly compute: Tally;
  /** Runs by their number of samples. */
  readonly batchSizes: ReadonlyMap<number, Tally>;
}

type Refusal = 'failed' | 'rejected' | 'timedOut' | 'cancelled';

export interface Counters {
  refuse(why: Refusal): void;
  /** A run with all its samples. */
  ran(batch: number, time: EngineTime): void;
  /** A request that this run computed and that is answered now. */
  answered(request: Request, time: EngineTime): void;
  read(): BatcherStatistics;
}

export function counters(): Counters {
  const refusals = { failed: 0, rejected: 0, timedOut: 0, cancelled: 0 };
  const success = { count: 0, ms: 0 };
  const queue = { count: 0, ms: 0 };
  const compute = { count: 0, ms: 0 };
  const batchSizes = new Map<number, { count: number; ms: number }>();
  let inferenceCount = 0;
  let lastInference: number | undefined;

  return {
    refuse(why) {
      refusals[why]++;
    },
    ran(batch, { ms }) {
      lastInference = Date.now();
      add(compute, ms);
      const size = batchSizes.get(batch) ?? { count: 0, ms: 0 };
      add(size, ms);
      batchSizes.set(batch, size);
    },
    answered({ call, arrived }, { begin, ms }) {
      inferenceCount += call.batch;
      add(queue, Math.max(0, begin - arrived));
      add(success, begin + ms - arrived);
    },
    read: () =>
      Object.freeze({
        inferenceCount,
        executionCount: compute.count,
        lastInference,
        ...refusals,
        success: Object.freeze({ ...success }),
        queue: Object.freeze({ ...queue }),
        compute: Object.freeze({ ...compute }),
        batchSizes: new Map([...batchSizes].map(([size, tally]) => [size, Object.freeze({ ...tally })])),
      }),
  };
}

function add(tally: { count: number; ms: number }, ms: number): void {
  tally.count++;
  tally.ms += ms;
}
