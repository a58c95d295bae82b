import { readFileSync } from 'node:fs';
import { show } from '../errors.js';
import { boolean, expected, readOptions } from '../options.js';
import { packageRoot } from '../root.js';
import { jsonAnswer, type ServiceAnswer, type ServiceRequest } from './answer.js';
import { predictOwned } from './batcher.js';
import type { BatcherOptions } from './batcher-options.js';
import { classification, picturesOf } from './classify.js';
import { bytesOfText, bytesRule, type Memory, memory } from './memory.js';
import { headerLength, jsonLength } from './protocol/binary.js';
import { modelMetadata, serverMetadata } from './protocol/metadata.js';
import { type InferenceRequest, readRequest } from './protocol/request.js';
import { inferenceAnswer } from './protocol/response.js';
import { modelStatistics } from './protocol/statistics.js';
import { Refusal } from './refusal.js';
import { type Models, models, type Repository, type ServedModel } from './repository.js';
import { type Route, routeOf } from './routes.js';
import { clientGone, failure } from './statuses.js';
import { warmUp } from './warm-up.js';

export type { ServiceAnswer, ServiceRequest } from './answer.js';

/** What a service serves; the options of the queues hold for models that have none of their own. */
export interface ServiceOptions extends BatcherOptions {
  readonly models: Models;
  /**
   * The most bytes that packed weights, bodies that are read, decoded pictures and inputs that wait may take together; what
   * would go over it is answered 503. Default: the environment's NEOCOG_MEMORY_BUDGET (`512M`), or else no limit.
   */
  readonly memoryBudget?: number | undefined;
  /** Whether `warmUp`, and `repository.add` after it, run each model once on zeros: true. */
  readonly warmUp?: boolean | undefined;
}

export const serviceOptionNames = [
  'models',
  'maxBatchSize',
  'maxQueueDelayMs',
  'maxQueueSize',
  'timeoutMs',
  'memoryBudget',
  'warmUp',
] as const satisfies readonly (keyof ServiceOptions)[];

/** The Open Inference Protocol v2 over models, without a server: requests in, answers out. */
export interface Service {
  readonly repository: Repository;
  /** Where whoever reads bodies for `handle` takes their memory. */
  readonly memory: Memory;
  /** Whether `/v2/health/ready` says so; set it to false before work is taken elsewhere. */
  ready: boolean;
  /** Answers every request: an error becomes a status and `{ "error": text }`. Never rejects. */
  handle(request: ServiceRequest): Promise<ServiceAnswer>;
  /**
   * Makes the models ready for their first requests; `createServer` and the plugin wait for it. Rejects with an OptionError
   * where a model fails on zeros. Without effect where the option says so.
   */
  warmUp(): Promise<void>;
  /** Is no longer ready, takes no new inference, and resolves when all that was accepted is answered. */
  close(): Promise<void>;
}

/** Throws an OptionError where the models or the options of their queues are wrong. */
export function service(options: ServiceOptions): Service {
  const {
    models: served,
    memoryBudget,
    warmUp: warm,
    ...defaults
  } = readOptions('service', options, serviceOptionNames);
  const room = memory(readBudget(memoryBudget));
  const warms = boolean('service', 'warmUp', warm, true);
  const repository = models(served as Models, defaults as BatcherOptions, {
    memory: room,
    warmUp: (item) => warmUp(item.model, picturesOf(item)),
  });
  const made: Service = {
    repository,
    memory: room,
    ready: true,
    async handle(request) {
      try {
        return await answer(made, routeOf(request.method, request.url), request);
      } catch (error) {
        return request.signal.aborted ? clientGone : failure(error);
      }
    },
    async warmUp() {
      if (warms) await repository.warmUp();
    },
    close() {
      made.ready = false;
      return repository.close();
    },
  };
  return made;
}

async function answer(
  { repository, memory, ready }: Service,
  route: Route,
  request: ServiceRequest,
): Promise<ServiceAnswer> {
  switch (route.kind) {
    case 'server':
      return jsonAnswer(200, serverMetadata(packageVersion()));
    case 'live':
      return jsonAnswer(200, { live: true });
    case 'ready':
      return jsonAnswer(ready ? 200 : 503, { ready });
    case 'statistics':
      return jsonAnswer(200, modelStatistics(repository.entries()));
  }
  const served = servedBy(repository, route);
  switch (route.kind) {
    case 'model':
      return jsonAnswer(200, modelMetadata(served, repository.versions(served.name)));
    case 'modelReady':
      return jsonAnswer(ready && served.ready ? 200 : 503, {
        name: served.name,
        ready: ready && served.ready,
      });
    case 'modelStatistics':
      return jsonAnswer(200, modelStatistics([served]));
    case 'infer':
      return infer(served, request, memory);
    case 'classify':
      return classification(served, request, memory);
  }
}

function servedBy(
  repository: Repository,
  { name, version }: { name: string; version: string | undefined },
): ServedModel {
  const served = repository.find(name, version);
  if (served) return served;
  const versions = repository.versions(name);
  throw new Refusal(
    404,
    versions.length === 0
      ? `no model named ${show(name)}`
      : `no version ${show(version)} of the model ${show(name)}; it has ${versions.join(', ')}`,
  );
}

async function infer(
  served: ServedModel,
  { headers, body, release, signal }: ServiceRequest,
  memory: Memory,
): Promise<ServiceAnswer> {
  const { name, version, batcher } = served;
  const json = jsonLength(headers[headerLength], body.length) ?? body.length;
  const share = memory.take('infer', json * parsedBytes);
  try {
    const request = readRequest(served, headers, body);
    // Binary data behind others are copied where they are not aligned.
    const own = ownBytes(request, body);
    if (own > share.bytes) share.grow(own - share.bytes);
    else share.shrink(share.bytes - own);
    const { inputs, timeoutMs } = request;
    const results = await predictOwned(batcher, inputs, { signal, timeoutMs }, release);
    return inferenceAnswer({ model_name: name, model_version: version }, request, results);
  } finally {
    share.release();
  }
}

/** Of the numbers that stay until the answer, besides the body. */
function ownBytes({ inputs }: InferenceRequest, body: Uint8Array): number {
  return Object.values(inputs).reduce(
    (sum, { data }) => (data.buffer === body.buffer ? sum : sum + data.byteLength),
    0,
  );
}

/** Bytes that a byte of JSON becomes when it is parsed: a number of 8 bytes is written as a digit and a comma at least. */
const parsedBytes = 4;

function readBudget(given: unknown): number | undefined {
  const text = process.env.NEOCOG_MEMORY_BUDGET;
  if (given === undefined && !text) return undefined;
  if (given === undefined) {
    const bytes = bytesOfText(text as string);
    if (bytes !== undefined) return bytes;
    throw expected('environment', 'NEOCOG_MEMORY_BUDGET', bytesRule, text);
  }
  if (Number.isSafeInteger(given) && (given as number) > 0) return given as number;
  throw expected('service', 'memoryBudget', 'a number of bytes, a positive integer', given);
}

let knownVersion: string | undefined;

function packageVersion(): string {
  const root = packageRoot();
  knownVersion ??= root ? JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).version : 'unknown';
  return knownVersion as string;
}
