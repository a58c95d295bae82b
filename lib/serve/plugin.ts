import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { boolean, positiveInteger, readOptions } from '../options.js';
import { jsonAnswer, type ServiceAnswer } from './answer.js';
import { type Body, defaultMaxBodyBytes, readBody } from './body.js';
import { pictureModels } from './classify.js';
import { bodyShare, clientSignal } from './client.js';
import type { Share } from './memory.js';
import { metrics } from './metrics.js';
import { readPage } from './page.js';
import { type Service, type ServiceOptions, service, serviceOptionNames } from './service.js';
import { failure } from './statuses.js';

export interface PluginExtras {
  /** The largest body, also when it is unpacked, in bytes: 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Prometheus' `/metrics`: true. Needs the package prom-client. */
  readonly metrics?: boolean | undefined;
  /** The page at `/`: true. */
  readonly page?: boolean | undefined;
}

/** The options of a service, or the service itself, and what is only the plugin's. */
export type PluginOptions = (ServiceOptions | { readonly service: Service }) & PluginExtras;

const known = [
  'service',
  ...serviceOptionNames,
  'maxBodyBytes',
  'metrics',
  'page',
  // fastify's own, which it reads itself
  'prefix',
  'logLevel',
  'logSerializers',
] as const;

/**
 * A plugin for fastify: the Open Inference Protocol v2 below `/v2`, `/v2/models/NAME/classify` for encoded pictures,
 * `/metrics` and a page at `/`, all below fastify's `prefix`. Closing fastify closes the service: all that was accepted
 * is answered.
 */
export async function neocogPlugin(fastify: object, options: PluginOptions): Promise<void> {
  const app = fastify as FastifyInstance;
  const given = readOptions('neocogPlugin', options, known);
  const {
    service: served,
    maxBodyBytes,
    metrics: withMetrics,
    page,
    prefix,
    logLevel,
    logSerializers,
    ...rest
  } = given;
  const core = served === undefined ? service(rest as unknown as ServiceOptions) : (served as Service);
  const most = positiveInteger('neocogPlugin', 'maxBodyBytes', maxBodyBytes, defaultMaxBodyBytes);
  await core.warmUp();
  app.addHook('onClose', () => core.close());

  app.removeAllContentTypeParsers();
  const shares = new WeakMap<FastifyRequest, Share>();
  app.addHook('preParsing', async (request, reply) => {
    shares.set(request, bodyShare(core.memory, reply.raw));
  });
  app.addContentTypeParser('*', (request: FastifyRequest) =>
    readBody(request.raw, most, shares.get(request) as Share),
  );
  app.setErrorHandler(answerError);

  const toCore = (request: FastifyRequest, reply: FastifyReply) => answer(core, app.prefix, request, reply);
  app.all('/v2', toCore);
  app.all('/v2/*', toCore);
  if (boolean('neocogPlugin', 'metrics', withMetrics, true)) await addMetrics(app, core);
  if (boolean('neocogPlugin', 'page', page, true)) await addPage(app, core);
}

async function answer(
  core: Service,
  prefix: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = request.body as Body | undefined;
  const answered = await core.handle({
    method: request.method,
    url: request.url.slice(prefix === '/' ? 0 : prefix.length),
    headers: request.headers,
    body: body?.bytes ?? new Uint8Array(0),
    release: body?.release,
    signal: clientSignal(reply.raw),
  });
  return send(answered, request, reply);
}

/** Errors of bodies, of fastify itself and of the user's hooks; what a hook says is for the log, not for the client. */
function answerError(
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { statusCode: status = 500 } = error;
  const known = status < 500 ? jsonAnswer(status, { error: error.message }) : failure(error);
  send(known, request, reply);
}

function send(
  { status, headers, body, error }: ServiceAnswer,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error !== undefined) request.log.error({ err: error }, 'a request failed');
  const bytes = typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return reply.code(status).headers(headers).send(bytes);
}

/** `/v2/models/NAME[/versions/VERSION]/infer` and `/classify`: requests whose time belongs to a model. */
const ofModel = /^[^?]*\/v2\/models\/([^/?]+)(?:\/versions\/([^/?]+))?\/(?:infer|classify)(?:\?|$)/;

async function addMetrics(app: FastifyInstance, core: Service): Promise<void> {
  const figures = await metrics(() => core.repository.entries());
  app.get('/metrics', async (_request, reply) => reply.type(figures.contentType).send(await figures.text()));
  app.addHook('onResponse', async (request, reply) => {
    const [, name, version] = ofModel.exec(request.url) ?? [];
    if (name === undefined) return;
    // Names that strangers make up get no figures of their own.
    const entry = core.repository.find(decodeURIComponent(name), version && decodeURIComponent(version));
    if (entry) figures.observe(entry.name, entry.version, reply.elapsedTime / 1000);
  });
}

async function addPage(app: FastifyInstance, core: Service): Promise<void> {
  app.get('/page/models.json', async () => pictureModels(core.repository));
  for (const { path, body, headers } of await readPage()) {
    app.get(path, async (request, reply) => {
      reply.headers(headers);
      if (request.headers['if-none-match'] === headers.etag) return reply.code(304).send();
      return reply.send(body);
    });
  }
}
