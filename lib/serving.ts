export { createWorker, type JobWorker, type JobWorkerOptions } from './jobs/worker.js';
export { type Batcher, batcher, type RequestOptions } from './serve/batcher.js';
export type { BatcherOptions, ResolvedBatcherOptions } from './serve/batcher-options.js';
export { ClosedError, DeadlineError, QueueFullError } from './serve/errors.js';
export type { BatcherStatistics, Tally } from './serve/statistics.js';
