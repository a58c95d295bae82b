import type { FastifyInstance } from 'fastify';
import type { Connections } from './connections.js';
import { DeadlineError } from './errors.js';

/** How long new requests are still answered after `close` was called. */
const lingerMs = 250;

/** Waits until the time is over or nobody is connected. */
export async function lingerWhileConnected(connections: Connections): Promise<void> {
  const end = performance.now() + lingerMs;
  while (connections.open > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Closes, or cuts off what is not answered in time. */
export async function closeWithin(ms: number, app: FastifyInstance, connections: Connections): Promise<void> {
  const closed = app.close();
  // An answer on its way when closing began leaves its connection open for a next request.
  const sweep = setInterval(() => connections.endUnused(), 50);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((_resolve, reject) => {
    timer = setTimeout(() => {
      const cut = connections.unanswered;
      connections.endAll();
      // A connection on which no whole request has come is owed nothing.
      if (cut === 0) return;
      reject(new DeadlineError(`close: cut off ${cut} requests that were not answered within ${ms} ms`));
    }, ms);
  });
  try {
    await Promise.race([closed, late]);
  } finally {
    clearTimeout(timer);
    clearInterval(sweep);
    closed.catch(() => {});
  }
}
