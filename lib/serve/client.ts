import type { ServerResponse } from 'node:http';
import type { Memory, Share } from './memory.js';

/** Aborted when the client goes away before its answer is complete, or has gone already. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const client = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) client.abort();
  });
  // While a body was unpacked, or a part of the host took its time.
  if (response.destroyed) client.abort();
  return client.signal;
}

/** The memory of a request's body, counted until the response is closed. */
export function bodyShare(memory: Memory, response: ServerResponse): Share {
  const share = memory.take('the body', 0);
  response.once('close', share.release);
  return share;
}
