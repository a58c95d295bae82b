import { readFileSync } from 'node:fs';
import { show } from '../errors.js';
import { readOptions } from '../options.js';
import { packageRoot } from '../root.js';
import { jsonAnswer, type ServiceAnswer, type ServiceRequest } from './answer.js';
import { predictOwned } from './batcher.js';
import type { BatcherOptions } from './batcher-options.js';
import { classification } from './classify.js';
import { modelMetadata, serverMetadata } from './protocol/metadata.js';
import { readRequest } from './protocol/request.js';
import { inferenceAnswer } from './protocol/response.js';
import { modelStatistics } from './protocol/statistics.js';
import { Refusal } from './refusal.js';
import { type Models, models, type Repository, type ServedModel } from './repository.js';
import { type Route, routeOf } from './routes.js';
import { clientGone, failure } from './statuses.js';

export type { ServiceAnswer, ServiceRequest } from './answer.js';

/** What a service serves; the options of the queues hold for models that have none of their own. */
export interface ServiceOptions extends BatcherOptions {
  readonly models: Models;
}

export const serviceOptionNames = [
  'models',
  'maxBatchSize',
  'maxQueueDelayMs',
  'maxQueueSize',
  'timeoutMs',
] as const satisfies readonly (keyof ServiceOptions)[];

/** The Open Inference Protocol v2 over models, without a server: requests in, answers out. */
export interface Service {
  readonly repository: Repository;
  /** Whether `/v2/health/ready` says so; set it to false before work is taken elsewhere. */
  ready: boolean;
  /** Answers every request: an error becomes a status and `{ "error": text }`. Never rejects. */
  handle(request: ServiceRequest): Promise<ServiceAnswer>;
  /** Is no longer ready, takes no new inference, and resolves when all that was accepted is answered. */
  close(): Promise<void>;
}

/** Throws an OptionError where the models or the options of their queues are wrong. */
export function service(options: ServiceOptions): Service {
  const { models: served, ...defaults } = readOptions('service', options, serviceOptionNames);
  const repository = models(served as Models, defaults as BatcherOptions);
  const made: Service = {
    repository,
    ready: true,
    async handle(request) {
      try {
        return await answer(made, routeOf(request.method, request.url), request);
      } catch (error) {
        return request.signal.aborted ? clientGone : failure(error);
      }
    },
    close() {
      made.ready = false;
      return repository.close();
    },
  };
  return made;
}

async function answer(
  { repository, ready }: Service,
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
      return jsonAnswer(ready ? 200 : 503, { name: served.name, ready });
    case 'modelStatistics':
      return jsonAnswer(200, modelStatistics([served]));
    case 'infer':
      return infer(served, request);
    case 'classify':
      return classification(served, request);
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
): Promise<ServiceAnswer> {
  const { name, version, batcher } = served;
  const request = readRequest(served, headers, body);
  const { inputs, timeoutMs } = request;
  const results = await predictOwned(batcher, inputs, { signal, timeoutMs }, release);
  return inferenceAnswer({ model_name: name, model_version: version }, request, results);
}

let knownVersion: string | undefined;

function packageVersion(): string {
  const root = packageRoot();
  knownVersion ??= root ? JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).version : 'unknown';
  return knownVersion as string;
}
