import { NeocogError } from '../errors.js';

/** More waits already than the queue may hold; nothing was computed, and the same request may be sent again later. */
export class QueueFullError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_QUEUE_FULL', message, options);
  }
}

/** What was asked would take more memory than the budget has left; nothing was computed, and it may be sent again later. */
export class BudgetError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_MEMORY_BUDGET', message, options);
  }
}

/** The deadline of a request passed before its turn came. */
export class DeadlineError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DEADLINE', message, options);
  }
}

/** What was asked is closed, or about to close, and takes no new work. */
export class ClosedError extends NeocogError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_CLOSED', message, options);
  }
}
