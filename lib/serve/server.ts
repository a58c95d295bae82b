import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { boolean, expected, integer, positiveInteger, readOptions } from '../options.js';
import { defaultMaxBodyBytes } from './body.js';
import { type Connections, watchConnections } from './connections.js';
import { DeadlineError } from './errors.js';
import { peer } from './peer.js';
import { neocogPlugin, type PluginExtras } from './plugin.js';
import { type Service, type ServiceOptions, service, serviceOptionNames } from './service.js';

export interface ServerOptions extends ServiceOptions, PluginExtras {
  /** 8000; 0 finds a free one. */
  readonly port?: number | undefined;
  /** The address to listen on: 127.0.0.1. `0.0.0.0` or `::` for all. */
  readonly host?: string | undefined;
  /** How long a whole request may take to arrive, in ms: 30,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long the head of a request may take to arrive, in ms: 10,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** How long a connection may wait for its next request, in ms: 72,000, longer than common load balancers keep theirs. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** How long `close` waits for answers, in ms: 10,000. */
  readonly shutdownTimeoutMs?: number | undefined;
  /** fastify's: true for one line of JSON per request on standard output, or pino's options. */
  readonly logger?: boolean | object | undefined;
}

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

/** How long new requests are still answered after `close` was called. */
const lingerMs = 250;

const known = [
  ...serviceOptionNames,
  'maxBodyBytes',
  'metrics',
  'page',
  'port',
  'host',
  'requestTimeoutMs',
  'headersTimeoutMs',
  'keepAliveTimeoutMs',
  'shutdownTimeoutMs',
  'logger',
] as const;

/** The options, each for whom it is meant. */
function readServerOptions(options: unknown) {
  const who = 'createServer';
  const given = readOptions(who, options, known);
  const { models, maxBatchSize, maxQueueDelayMs, maxQueueSize, timeoutMs } = given;
  const { logger = false, host = '127.0.0.1' } = given;
  const port = integer(who, 'port', given.port, 8000);
  if (port < 0 || port > 65535) throw expected(who, 'port', 'an integer from 0 to 65535', port);
  if (typeof host !== 'string' || host === '') throw expected(who, 'host', 'an address or a name', host);
  if (typeof logger !== 'boolean' && (typeof logger !== 'object' || logger === null)) {
    throw expected(who, 'logger', "true, false or pino's options", logger);
  }
  const ms = (name: `${'request' | 'headers' | 'keepAlive' | 'shutdown'}TimeoutMs`, fallback: number) =>
    positiveInteger(who, name, given[name], fallback);
  return {
    own: {
      port,
      host,
      logger,
      requestTimeoutMs: ms('requestTimeoutMs', 30_000),
      headersTimeoutMs: ms('headersTimeoutMs', 10_000),
      keepAliveTimeoutMs: ms('keepAliveTimeoutMs', 72_000),
      shutdownTimeoutMs: ms('shutdownTimeoutMs', 10_000),
    },
    plugin: {
      maxBodyBytes: positiveInteger(who, 'maxBodyBytes', given.maxBodyBytes, defaultMaxBodyBytes),
      metrics: boolean(who, 'metrics', given.metrics, true),
      page: boolean(who, 'page', given.page, true),
    },
    core: { models, maxBatchSize, maxQueueDelayMs, maxQueueSize, timeoutMs } as ServiceOptions,
  };
}

type Phase = 'open' | 'lingering' | 'refusing';

/** A server that listens, or an error that says why it cannot. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { own, plugin, core: coreOptions } = readServerOptions(options);
  const { fastify, LogController } = await peer('fastify', 'createServer', () => import('fastify'));
  const core = service(coreOptions);
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
  const connections = watchConnections(app.server);
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
  await app.register(neocogPlugin, { ...plugin, service: core });
  try {
    await app.listen({ port: own.port, host: own.host });
  } catch (error) {
    await app.close();
    throw error;
  }

  const { port } = app.server.address() as { port: number };
  const close = async () => {
    core.ready = false;
    phase = 'lingering';
    await lingering(connections);
    phase = 'refusing';
    connections.endUnused();
    await within(own.shutdownTimeoutMs, app, connections);
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

/** Waits until the time is over or nobody is connected. */
async function lingering(connections: Connections): Promise<void> {
  const end = performance.now() + lingerMs;
  while (connections.open > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Closes, or cuts off what is not answered in time. */
async function within(ms: number, app: FastifyInstance, connections: Connections): Promise<void> {
  const closed = app.close();
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
    closed.catch(() => {});
  }
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
