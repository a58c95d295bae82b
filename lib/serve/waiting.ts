import type { CallKind } from '../model/calls.js';
import type { Request } from './request.js';

/** Requests of one kind, in the order of their arrival. */
interface Lane {
  readonly requests: Set<Request>;
  samples: number;
}

/** Requests that wait for a turn. */
export interface Waiting {
  readonly count: number;
  /** Whether some batch has no room for another sample. */
  readonly full: boolean;
  /** When the oldest request came; undefined where none waits. */
  readonly oldest: number | undefined;
  /** When the next time limit ends. */
  readonly deadline: number;
  add(request: Request): void;
  /** False where it has left already. */
  remove(request: Request): boolean;
  /** Those whose time is over leave. */
  expire(now: number): Request[];
  /** As many as one run can compute, in order of arrival: those like the oldest where it is due, or else a full batch. */
  take(due: boolean): Request[];
}

export function waiting(maxBatchSize: number): Waiting {
  const lanes = new Map<CallKind, Lane>();
  let count = 0;
  /** No request's time ends before. */
  let deadline = Number.POSITIVE_INFINITY;

  const limitOf = ({ joins, maxBatch }: CallKind): number => (joins ? Math.min(maxBatchSize, maxBatch) : 1);
  const fullLane = (): CallKind | undefined => {
    for (const [kind, { samples }] of lanes) if (samples >= limitOf(kind)) return kind;
    return undefined;
  };
  const first = (): Request | undefined => {
    let found: Request | undefined;
    for (const { requests } of lanes.values()) {
      const [head] = requests;
      if (head && (!found || head.arrived < found.arrived)) found = head;
    }
    return found;
  };
  const remove = (request: Request): boolean => {
    const { kind, batch } = request.call;
    const lane = lanes.get(kind);
    if (!lane?.requests.delete(request)) return false;
    lane.samples -= batch;
    count--;
    if (lane.requests.size === 0) lanes.delete(kind);
    if (count === 0) deadline = Number.POSITIVE_INFINITY;
    return true;
  };

  return {
    get count() {
      return count;
    },
    get full() {
      return fullLane() !== undefined;
    },
    get oldest() {
      return first()?.arrived;
    },
    get deadline() {
      return deadline;
    },
    add(request) {
      const { kind, batch } = request.call;
      let lane = lanes.get(kind);
      if (!lane) {
        lane = { requests: new Set(), samples: 0 };
        lanes.set(kind, lane);
      }
      lane.requests.add(request);
      lane.samples += batch;
      count++;
      deadline = Math.min(deadline, request.deadline);
    },
    remove,
    expire(now) {
      if (now < deadline) return [];
      const over: Request[] = [];
      let next = Number.POSITIVE_INFINITY;
      for (const { requests } of lanes.values()) {
        for (const request of requests) {
          if (request.deadline <= now) over.push(request);
          else next = Math.min(next, request.deadline);
        }
      }
      for (const request of over) remove(request);
      deadline = next;
      return over;
    },
    take(due) {
      const kind = (due ? undefined : fullLane()) ?? first()?.call.kind;
      const taken: Request[] = [];
      if (!kind) return taken;
      let room = limitOf(kind);
      for (const request of lanes.get(kind)?.requests ?? []) {
        // The first goes in any case: what cannot be joined goes alone, however large it is.
        if (taken.length > 0 && (!kind.joins || request.call.batch > room)) break;
        taken.push(request);
        room -= request.call.batch;
        if (room <= 0) break;
      }
      for (const request of taken) remove(request);
      return taken;
    },
  };
}
