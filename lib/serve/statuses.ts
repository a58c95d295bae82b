import { OptionError, ShapeError } from '../errors.js';
import { jsonAnswer, type ServiceAnswer } from './answer.js';
import { BudgetError, ClosedError, DeadlineError, QueueFullError } from './errors.js';
import { Refusal } from './refusal.js';

/** Seconds after which a request that found no place may come again: queues are a matter of milliseconds. */
const retryAfter = { 'retry-after': '1' };

/** What became of a request that failed, as HTTP says it; what is not the sender's matter stays in `error`. */
export function failure(error: unknown): ServiceAnswer {
  const { status, headers } = statusOf(error);
  if (status === 500) return { ...jsonAnswer(status, { error: 'internal error' }), error };
  return jsonAnswer(status, { error: (error as Error).message }, headers);
}

function statusOf(error: unknown): Pick<ServiceAnswer, 'status' | 'headers'> {
  if (error instanceof Refusal) return error;
  if (error instanceof QueueFullError || error instanceof BudgetError || error instanceof ClosedError)
    return { status: 503, headers: retryAfter };
  if (error instanceof DeadlineError) return { status: 504, headers: {} };
  if (error instanceof ShapeError || error instanceof OptionError) return { status: 400, headers: {} };
  return { status: 500, headers: {} };
}

/** Nobody reads this: the client went away (nginx's number for it). */
export const clientGone: ServiceAnswer = jsonAnswer(499, { error: 'the client went away' });
