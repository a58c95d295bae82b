import { OptionError, show } from '../errors.js';
import type { Json } from '../json.js';
import type { Model } from '../model/face.js';
import { originOfModel } from '../model/origin.js';
import { expected, isList, readOptions } from '../options.js';
import { type Batcher, batcher } from './batcher.js';
import type { BatcherOptions } from './batcher-options.js';
import { type Memory, memory, type Share } from './memory.js';
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
  /** False while it is warmed up. */
  readonly ready: boolean;
}

/** What the models of a repository share. */
export interface RepositoryMeans {
  /** What inputs and packed weights are counted in. */
  readonly memory: Memory;
  /** Makes a model ready for its first request. */
  warmUp(served: ServedModel): Promise<void>;
}

/** Models by name and version; they come and go at run time. */
export interface Repository {
  /** All that is served, by name and then by version. */
  entries(): readonly ServedModel[];
  /** The named version, or the latest that is not being warmed up; undefined where there is none. */
  find(name: string, version?: string): ServedModel | undefined;
  /** In ascending order; none for an unknown name. */
  versions(name: string): readonly string[];
  /**
   * Serves a model from now on, as version 1 where none is named. Throws an OptionError where that one is there already, or
   * where its weights do not fit the memory budget. After `warmUp` a model is warmed up before it takes the place of an
   * earlier version: the promise is resolved then; where that fails, it is rejected and the model taken away.
   */
  add(name: string, model: Model | ModelEntry | ModelVersions): Promise<void>;
  /** Runs every model once, and from now on every one that is added. Rejects with an OptionError where one fails. */
  warmUp(): Promise<void>;
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
export function models(
  served: Models,
  defaults: BatcherOptions = {},
  means: RepositoryMeans = { memory: memory(undefined), warmUp: async () => {} },
): Repository {
  const weights = weightShares(means.memory);
  const warm = new WeakSet<ServedModel>();
  /** Those that are being made so. */
  const cold = new Set<ServedModel>();
  let warming = false;
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
    const queue = batcher(model, { ...common, ...own } as BatcherOptions, means.memory);
    weights.take(who, model);
    const item: ServedModel = Object.freeze({
      get ready() {
        return !cold.has(item);
      },
      name,
      version,
      model,
      batcher: queue,
      labels: labels ?? model.labels,
      preprocessing: preprocessing ?? model.preprocessing,
      ...edgesOf(model),
    });
    return item;
  };

  /** One after the other: they share the cores. */
  const ready = async (items: readonly ServedModel[]): Promise<void> => {
    const asked = items.filter((item) => !warm.has(item));
    for (const item of asked) cold.add(item);
    try {
      for (const item of asked) {
        await means.warmUp(item).catch((cause: Error) => {
          throw new OptionError(
            `models: ${show(item.name)}, version ${item.version}: its first run, on zeros, failed: ${cause.message}; warmUp: false leaves it out`,
            { cause },
          );
        });
        warm.add(item);
        cold.delete(item);
      }
    } finally {
      for (const item of asked) cold.delete(item);
    }
  };
  const readyOrGone = async (name: string, items: readonly ServedModel[]): Promise<void> => {
    try {
      await ready(items);
    } catch (error) {
      await Promise.all(items.map(({ version }) => repository.remove(name, version)));
      throw error;
    }
  };

  const repository: Repository = {
    entries: () => [...all.values()].flatMap((versions) => [...versions.values()]),
    find(name, version) {
      const versions = all.get(name);
      if (version !== undefined) return versions?.get(version);
      const known = [...(versions?.values() ?? [])];
      return known.findLast((item) => !cold.has(item)) ?? known.at(-1);
    },
    versions: (name) => [...(all.get(name)?.keys() ?? [])],
    add(name, given) {
      if (name === '' || name === 'stats') {
        throw new OptionError(
          `models: expected a name that is a part of a path and not "stats", got ${show(name)}`,
        );
      }
      const taken: ServedModel[] = [];
      try {
        for (const [version, model] of versionsOf(name, given)) taken.push(take(name, version, model));
      } catch (error) {
        for (const { model } of taken) weights.release(model);
        throw error;
      }
      const versions = [...(all.get(name)?.values() ?? []), ...taken];
      versions.sort((a, b) => Number(a.version) - Number(b.version));
      all.set(name, new Map(versions.map((item) => [item.version, item])));
      return warming ? readyOrGone(name, taken) : Promise.resolve();
    },
    warmUp() {
      warming = true;
      return ready(repository.entries());
    },
    async remove(name, version) {
      const versions = all.get(name);
      const gone = version === undefined ? [...(versions?.values() ?? [])] : [versions?.get(version)];
      for (const item of gone) if (item) versions?.delete(item.version);
      if (versions?.size === 0) all.delete(name);
      await Promise.all(gone.map((item) => item?.batcher.close()));
      for (const item of gone) if (item) weights.release(item.model);
      return gone.length > 0 && gone[0] !== undefined;
    },
    async close() {
      await Promise.all(repository.entries().map((item) => item.batcher.close()));
    },
  };
  if (typeof served !== 'object' || served === null || isList(served) || isModel(served)) {
    throw expected('models', 'models', 'an object of models by their names', served);
  }
  for (const [name, given] of Object.entries(served)) void repository.add(name, given);
  return Object.freeze(repository);
}

/** The memory of packed weights, once for each model however often it is served; without a budget nobody counts. */
function weightShares(room: Memory) {
  const shares = new Map<Model, { readonly share: Share; uses: number }>();
  return {
    take(who: string, model: Model): void {
      if (room.budget === undefined) return;
      const known = shares.get(model);
      if (known) known.uses++;
      else shares.set(model, { share: shareOf(who, model, room), uses: 1 });
    },
    release(model: Model): void {
      const known = shares.get(model);
      if (!known || --known.uses > 0) return;
      known.share.release();
      shares.delete(model);
    },
  };
}

function shareOf(who: string, model: Model, room: Memory): Share {
  const bytes = originOfModel(model)?.packedBytes() ?? 0;
  const { budget, used } = room;
  try {
    return room.take(who, bytes);
  } catch (cause) {
    throw new OptionError(
      `${who}: expected a memoryBudget that holds the packed weights of all models: these take ${bytes} bytes, and of ${budget} only ${(budget ?? 0) - used} are free; raise it, or serve fewer models`,
      { cause },
    );
  }
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
