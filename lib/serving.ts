export type { ServiceAnswer, ServiceRequest } from './serve/answer.js';
export { ClosedError, DeadlineError, QueueFullError } from './serve/errors.js';
export { type Handler, type HandlerOptions, handler } from './serve/handler.js';
export {
  type ModelEntry,
  type Models,
  type ModelVersions,
  models,
  type Repository,
  type ServedModel,
} from './serve/repository.js';
export { type Service, type ServiceOptions, service } from './serve/service.js';
