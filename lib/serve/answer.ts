import type { IncomingHttpHeaders } from 'node:http';

/** An HTTP request whose body is complete, whatever server it came through. */
export interface ServiceRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** Called once nothing reads the body any more, where its memory is to be used again. */
  readonly release?: (() => void) | undefined;
  /** Aborted when the client goes away: what it asked for leaves the queue. */
  readonly signal: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** What a status of 500 does not tell the client; for logs. */
  readonly error?: unknown;
}

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ServiceAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
