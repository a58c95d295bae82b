import { OptionError, show } from '../errors.js';
import type { Json } from '../json.js';
import type { Model } from '../model/face.js';
import { originOfModel } from '../model/origin.js';
import { expected, isList, readOptions } from '../options.js';
import { type Batcher, batcher } from './batcher.js';
import type { BatcherOptions } from './batcher-options.js';
import { type Edges, edgesOf } from './protocol/edges.js';

/** A model as it is served: with options of its own, and what its callers should know about it. */
export interface ModelEntry extends BatcherOptions {
  readonly model: Model;
  /** Names of the classes: those of the model. */
  readonly labels?: readonly string[] | undefined;
  /** How data become its input, as plain JSON: that of the model. */
  readonly preprocessing?: Json | undefined;
}

/** Versions of one model by their numbers, `{ '1': net, '2': better }`; the highest is the default. */
export interface ModelVersions {
  readonly versions: Readonly<Record<string, Model | ModelEntry>>;
}

/** What is served, by name. */
export type Models = Readonly<Record<string, Model | ModelEntry | ModelVersions>>;

/** One version of a model that is served, with its queue. */
export interface ServedModel extends Edges {
  readonly name: string;
  readonly version: string;
  readonly model: Model;
  readonly batcher: Batcher;
  readonly labels: readonly string[] | undefined;
  readonly preprocessing: Json | undefined;
}

/** Models by name and version; they come and go at run time. */
export interface Repository {
  /** All that is served, by name and then by version. */
  entries(): readonly ServedModel[];
  /** The named version, or the latest; undefined where there is none. */
  find(name: string, version?: string): ServedModel | undefined;
  /** In ascending order; none for an unknown name. */
  versions(name: string): readonly string[];
  /** Serves a model from now on, as version 1 where none is named. Throws an OptionError where that one is there already. */
  add(name: string, model: Model | ModelEntry | ModelVersions): void;
  /**
   * Takes a version away, or all: new requests do not find it, and the promise is resolved when all that it accepted are
   * answered. False where there was none.
   */
  remove(name: string, version?: string): Promise<boolean>;
  /** Closes every queue: nothing new is accepted, and the promise is resolved when all that was is answered. */
  close(): Promise<void>;
}

const queueOptions = ['maxBatchSize', 'maxQueueDelayMs', 'maxQueueSize', 'timeoutMs'] as const;

/**
 * The models of a server. Each gets a queue, with its own options or `defaults`. Names are any text but `stats`, which the
 * protocol's paths need; versions are positive integers. Throws an OptionError.
 */
export function models(served: Models, defaults: BatcherOptions = {}): Repository {
  const all = new Map<string, Map<string, ServedModel>>();
  const common = readOptions('models', defaults, queueOptions);

  const take = (name: string, version: string, given: unknown): ServedModel => {
    const who = `models: ${show(name)}`;
    if (!/^[1-9]\d{0,8}$/.test(version)) {
      throw new OptionError(`${who}: expected versions to be positive integers, got ${show(version)}`);
    }
    if (all.get(name)?.has(version)) {
      throw new OptionError(
        `${who}: expected a version that is not served yet, got ${version}; remove it first`,
      );
    }
    const entry = isModel(given)
      ? { model: given }
      : readOptions(who, given, ['model', 'labels', 'preprocessing', ...queueOptions]);
    const { model, labels, preprocessing, ...own } = entry as ModelEntry;
    if (!isModel(model)) throw expected(who, 'model', 'a model', model);
    const queue = batcher(model, { ...common, ...own } as BatcherOptions);
    return Object.freeze({
      name,
      version,
      model,
      batcher: queue,
      labels: labels ?? model.labels,
      preprocessing: preprocessing ?? model.preprocessing,
      ...edgesOf(model),
    });
  };

  const repository: Repository = {
    entries: () => [...all.values()].flatMap((versions) => [...versions.values()]),
    find(name, version) {
      const versions = all.get(name);
      return version === undefined ? [...(versions?.values() ?? [])].at(-1) : versions?.get(version);
    },
    versions: (name) => [...(all.get(name)?.keys() ?? [])],
    add(name, given) {
      if (name === '' || name === 'stats') {
        throw new OptionError(
          `models: expected a name that is a part of a path and not "stats", got ${show(name)}`,
        );
      }
      const taken = versionsOf(name, given).map(([version, model]) => take(name, version, model));
      const versions = [...(all.get(name)?.values() ?? []), ...taken];
      versions.sort((a, b) => Number(a.version) - Number(b.version));
      all.set(name, new Map(versions.map((item) => [item.version, item])));
    },
    async remove(name, version) {
      const versions = all.get(name);
      const gone = version === undefined ? [...(versions?.values() ?? [])] : [versions?.get(version)];
      for (const item of gone) if (item) versions?.delete(item.version);
      if (versions?.size === 0) all.delete(name);
      await Promise.all(gone.map((item) => item?.batcher.close()));
      return gone.length > 0 && gone[0] !== undefined;
    },
    async close() {
      await Promise.all(repository.entries().map((item) => item.batcher.close()));
    },
  };
  if (typeof served !== 'object' || served === null || isList(served) || isModel(served)) {
    throw expected('models', 'models', 'an object of models by their names', served);
  }
  for (const [name, given] of Object.entries(served)) repository.add(name, given);
  return Object.freeze(repository);
}

function isModel(value: unknown): value is Model {
  return originOfModel(value) !== undefined;
}

/** The versions that are meant, in a list: at least one. */
function versionsOf(name: string, given: Model | ModelEntry | ModelVersions): [string, unknown][] {
  if (isModel(given) || typeof given !== 'object' || given === null || !Object.hasOwn(given, 'versions')) {
    return [['1', given]];
  }
  const { versions } = readOptions(`models: ${show(name)}`, given, ['versions']);
  const found = typeof versions === 'object' && versions !== null ? Object.entries(versions) : [];
  if (found.length > 0) return found;
  throw expected(`models: ${show(name)}`, 'versions', 'an object of models by their versions', versions);
}
