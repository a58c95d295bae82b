export { createWorker, type JobWorker, type JobWorkerOptions } from './jobs/worker.js';
export type { ServiceAnswer, ServiceRequest } from './serve/answer.js';
export { type Batcher, batcher, type RequestOptions } from './serve/batcher.js';
export type { BatcherOptions, ResolvedBatcherOptions } from './serve/batcher-options.js';
export { BudgetError, ClosedError, DeadlineError, QueueFullError } from './serve/errors.js';
export { type Handler, type HandlerOptions, handler } from './serve/handler.js';
export type { Memory, Share } from './serve/memory.js';
export { neocogPlugin, type PluginExtras, type PluginOptions } from './serve/plugin.js';
export {
  type ModelEntry,
  type Models,
  type ModelVersions,
  models,
  type Repository,
  type ServedModel,
} from './serve/repository.js';
export { createServer, type Server } from './serve/server.js';
export type { ServerOptions } from './serve/server-options.js';
export { type Service, type ServiceOptions, service } from './serve/service.js';
export type { BatcherStatistics, Spread, Tally } from './serve/statistics.js';
