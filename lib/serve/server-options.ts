import { boolean, expected, integer, positiveInteger, readOptions } from '../options.js';
import { defaultMaxBodyBytes } from './body.js';
import type { PluginExtras } from './plugin.js';
import { type ServiceOptions, serviceOptionNames } from './service.js';

export interface ServerOptions extends ServiceOptions, PluginExtras {
  /** 8000; 0 finds a free one. */
  readonly port?: number | undefined;
  /** The address to listen on: 127.0.0.1. `0.0.0.0` or `::` for all. */
  readonly host?: string | undefined;
  /** How long a whole request may take to arrive, and how long a client may take nothing of its answer, in ms: 30,000. */
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
export function readServerOptions(options: unknown) {
  const who = 'createServer';
  const given = readOptions(who, options, known);
  const { models, maxBatchSize, maxQueueDelayMs, maxQueueSize, timeoutMs, memoryBudget, warmUp } = given;
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
    core: {
      models,
      maxBatchSize,
      maxQueueDelayMs,
      maxQueueSize,
      timeoutMs,
      memoryBudget,
      warmUp,
    } as ServiceOptions,
  };
}
