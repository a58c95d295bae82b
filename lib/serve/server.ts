import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { peer } from '../peer.js';
import { closeWithin, lingerWhileConnected } from './closing.js';
import { watchConnections } from './connections.js';
import { neocogPlugin } from './plugin.js';
import { readServerOptions, type ServerOptions } from './server-options.js';
import { type Service, service } from './service.js';

export interface Server {
  /** `http://127.0.0.1:8000` */
  readonly url: string;
  readonly port: number;
  readonly service: Service;
  /**
   * Ends the server in order: `/v2/health/ready` answers 503, for a moment new requests are still answered so that load
   * balancers notice, then no more are taken, and all that were accepted are answered. Rejects with a DeadlineError where
   * that takes longer than `shutdownTimeoutMs`; what is unanswered is cut off then. Any number of calls is one.
   */
  close(): Promise<void>;
}

type Phase = 'open' | 'lingering' | 'refusing';

/** A server that listens, its models warm, or an error that says why it cannot. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { own, plugin, core: coreOptions } = readServerOptions(options);
  const { fastify, LogController } = await peer('fastify', 'createServer', () => import('fastify'));
  const core = service(coreOptions);
  // Not within the plugin, whose start fastify gives 10 seconds.
  await core.warmUp();
  let phase: Phase = 'open';

  const app: FastifyInstance = fastify({
    logger: own.logger,
    ...ownLogging(LogController),
    genReqId: requestId,
    bodyLimit: plugin.maxBodyBytes,
    requestTimeout: own.requestTimeoutMs,
    keepAliveTimeout: own.keepAliveTimeoutMs,
    return503OnClosing: false,
    http: {
      requestTimeout: own.requestTimeoutMs,
      headersTimeout: Math.min(own.headersTimeoutMs, own.requestTimeoutMs),
      connectionsCheckingInterval: Math.min(1000, own.headersTimeoutMs, own.requestTimeoutMs),
    },
  });
  const connections = watchConnections(app.server, own.requestTimeoutMs);
  app.addHook('onRequest', async (_request, reply) => {
    if (phase !== 'refusing') return;
    return reply
      .code(503)
      .header('retry-after', '1')
      .send({ error: 'the server is closing; try again later' });
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (phase !== 'open') reply.header('connection', 'close');
  });
  app.addHook('onResponse', logRequest);
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: 'there is nothing at this path' }),
  );
  try {
    await app.register(neocogPlugin, { ...plugin, service: core });
    await app.listen({ port: own.port, host: own.host });
  } catch (error) {
    await app.close();
    throw error;
  }

  const { port } = app.server.address() as { port: number };
  const close = async () => {
    core.ready = false;
    phase = 'lingering';
    await lingerWhileConnected(connections);
    phase = 'refusing';
    connections.endUnused();
    await closeWithin(own.shutdownTimeoutMs, app, connections);
  };
  let closed: Promise<void> | undefined;
  return Object.freeze({
    url: `http://${own.host.includes(':') ? `[${own.host}]` : own.host}:${port}`,
    port,
    service: core,
    close: () => {
      closed ??= close();
      return closed;
    },
  });
}

/** Leaves out fastify's own two lines per request; its first versions 5 had another option for that. */
function ownLogging(LogController: typeof import('fastify').LogController | undefined) {
  const disableRequestLogging = true;
  return LogController
    ? { logController: new LogController({ disableRequestLogging }) }
    : { disableRequestLogging };
}

/** One line per request. */
async function logRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { method, url } = request;
  const line = { method, url, status: reply.statusCode, ms: Number(reply.elapsedTime.toFixed(3)) };
  if (reply.raw.writableFinished) request.log.info(line, 'answered');
  else request.log.info(line, 'the client went away');
}

/** The client's own id where it is harmless in a header and a log, else a new one. */
function requestId({ headers }: { headers: NodeJS.Dict<string | string[]> }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
