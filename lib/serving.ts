export { ClosedError, DeadlineError, QueueFullError } from './serve/errors.js';
