import type { IncomingMessage, ServerResponse } from 'node:http';
import { positiveInteger, readOptions } from '../options.js';
import type { ServiceAnswer } from './answer.js';
import { type Body, defaultMaxBodyBytes, readBody } from './body.js';
import { bodyShare, clientSignal } from './client.js';
import type { Share } from './memory.js';
import { type Service, type ServiceOptions, service } from './service.js';
import { clientGone, failure } from './statuses.js';

export interface HandlerOptions {
  /** The largest body, also when it is unpacked, in bytes: 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

/** Answers the requests of a node:http server, or of Express under any prefix; `service` is what answers. */
export interface Handler {
  (request: IncomingMessage, response: ServerResponse, next?: () => void): void;
  readonly service: Service;
}

/**
 * The Open Inference Protocol v2 for a server that is there already: `createServer(handler({ models }))` of node:http, or
 * `app.use('/ml', handler({ models }))` of Express, before anything that reads bodies (express.raw is fine). Paths outside
 * /v2 are passed to `next`. When the client goes away, its request leaves the queue. `handler(...).service.close()` drains.
 * Throws an OptionError for wrong options.
 */
export function handler(of: ServiceOptions | Service, options: HandlerOptions = {}): Handler {
  const core = 'handle' in of ? of : service(of);
  const given = readOptions('handler', options, ['maxBodyBytes']);
  const maxBytes = positiveInteger('handler', 'maxBodyBytes', given.maxBodyBytes, defaultMaxBodyBytes);
  const handle = (request: IncomingMessage, response: ServerResponse, next?: () => void): void => {
    const { url = '/' } = request;
    if (next && !/^\/v2(?:[/?]|$)/.test(url)) next();
    else void respond(core, maxBytes, url, request, response);
  };
  return Object.assign(handle, { service: core });
}

async function respond(
  core: Service,
  maxBytes: number,
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const signal = clientSignal(response);
  const share = bodyShare(core.memory, response);
  const { method = 'GET', headers } = request;
  const answer = await completeBody(request, maxBytes, share)
    .then(({ bytes: body, release }) => core.handle({ method, url, headers, body, release, signal }))
    .catch((error) => (signal.aborted ? clientGone : failure(error)));
  send(response, answer);
}

/** The body, which a part of Express may have read already. */
async function completeBody(
  request: IncomingMessage & { body?: unknown },
  maxBytes: number,
  share: Share,
): Promise<Body> {
  if (!request.readableEnded) return readBody(request, maxBytes, share);
  if (request.body instanceof Uint8Array) {
    share.grow(request.body.length);
    return { bytes: request.body, release: undefined };
  }
  throw new Error('the body was read before: mount the handler before express.json() and its like');
}

function send(response: ServerResponse, { status, headers, body }: ServiceAnswer): void {
  // Gone, or answered by somebody else meanwhile: a timer of the host.
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
