// For users whose compiler does not know Symbol.dispose by itself.
/// <reference lib="esnext.disposable" preserve="true" />

import type { BackendInfo } from '../backend/backend.js';
import type { Graph } from '../graph/graph.js';
import type { Json } from '../json.js';
import { type DataType, floatTensor, type Tensor } from '../tensor.js';
import {
  answer,
  byName,
  outputData,
  outputShape,
  readCall,
  readOne,
  readOut,
  readSignal,
  slots,
} from './arguments.js';
import { type CallKind, type CallReader, countable } from './calls.js';
import { engine } from './engine.js';
import type { Network } from './network.js';
import type { ModelSettings } from './options.js';
import { register } from './origin.js';
import { type Profile, type ProfileOptions, profileOf, readRuns, sampleFor } from './profile.js';
import { modelBytes, saveModel } from './save.js';
import { predictStream, type Source } from './stream.js';
import { summary } from './summary.js';
import { type WeightStore, weightStore } from './weights.js';

/** An input or output. For models of layers the shape leaves the batch out; for graphs from files it is the file's own, -1 where free. */
export interface ModelPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** Tensors by the names of inputs or outputs. */
export type Named = Readonly<Record<string, Tensor>>;
/** The same with the data types that graphs from files have at their edges. */
export type AnyNamed = Readonly<Record<string, Tensor<DataType>>>;

export interface PredictOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface StreamOptions extends PredictOptions {
  /** Samples computed at once: 32. */
  readonly batchSize?: number | undefined;
}

/** How the tensors of a file become weights. */
export interface WeightOptions {
  /**
   * 'pytorch': a state_dict. Layouts are turned; modules are found by the names of layers (`features.0` has
   * `features.0.weight`) or, where no layer has such a name, by their order among those of the same kind.
   */
  readonly from?: 'pytorch' | undefined;
  /** The module of a layer, where their names differ; with `from: 'pytorch'`. */
  readonly names?: ((layer: string) => string | undefined) | undefined;
  /** Whether tensors that no layer takes are refused: true. */
  readonly strict?: boolean | undefined;
}

/**
 * A network with weights. The first dimension of tensors is the batch; one sample may be given without it, and its
 * answer has none either. Memory is freed with the object; `Symbol.dispose` frees it early.
 */
export interface Model {
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** What computes this model. */
  readonly backend: BackendInfo;
  /** By name, `conv2d_1/kernel`; the tensors are copies, made when they are asked for. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly preprocessing: Json | undefined;
  readonly labels: readonly string[] | undefined;
  /** A table of layers, output shapes, parameters and multiply-adds. */
  summary(): string;
  /** Copies of all weights, in layer order. */
  getWeights(): Tensor[];
  /** Takes what `getWeights` gives; all or, on an error, none. Runs in flight finish with the weights they began with. */
  setWeights(weights: readonly Tensor[]): void;
  /**
   * Takes the numbers of a safetensors file (a path, a file URL or bytes): tensors of the model's own names and layouts, or
   * with `from: 'pytorch'` those of a PyTorch state_dict. All or, on an error, none.
   * Throws a ModelFileError that names the file and the first tensor that does not fit.
   */
  loadWeights(from: string | URL | Uint8Array, options?: WeightOptions): Promise<void>;
  /** Computes off the event loop; the input is copied before this returns. Rejects with `signal.reason` on abort. */
  predict<Y extends Tensor<DataType> = Tensor>(x: Tensor<DataType>, options?: PredictOptions): Promise<Y>;
  predict<Y extends AnyNamed = Named>(x: AnyNamed, options?: PredictOptions): Promise<Y>;
  /** Computes on this thread; `out`, of the answer's form and shape, is written and returned. */
  predictSync<Y extends Tensor<DataType> = Tensor>(
    x: Tensor<DataType>,
    options?: { readonly out?: Y | undefined },
  ): Y;
  predictSync<Y extends AnyNamed = Named>(x: AnyNamed, options?: { readonly out?: Y | undefined }): Y;
  /**
   * Runs the model on this thread and tells where the time goes, step by step. Without an input it makes one up: a batch
   * of one, where no other length is free.
   */
  profile(x?: Tensor<DataType> | AnyNamed, options?: ProfileOptions): Profile;
  /** Answers for single samples in their order, computed in batches; reads one batch ahead and closes the source. */
  predictStream(source: Source<Tensor>, options?: StreamOptions): AsyncGenerator<Tensor, void>;
  predictStream(source: Source<Named>, options?: StreamOptions): AsyncGenerator<Named, void>;
  /** Writes weights, architecture, preprocessing and labels as one safetensors file, which appears whole or not at all. */
  save(path: string | URL): Promise<void>;
  toBytes(): Uint8Array;
  [Symbol.dispose](): void;
}

/** What a model is made of: a network that may still grow until `seal` is called, at its first use. */
export interface ModelParts {
  network(): Network;
  seal?(): void;
  readonly settings: ModelSettings;
  readonly initial?: readonly Float32Array[];
}

export function makeModel({ network, seal, settings, initial }: ModelParts): Model {
  let store: WeightStore | undefined;
  const weights = (): WeightStore => {
    if (store) return store;
    const { weights: specs } = network();
    seal?.();
    store = weightStore(specs, settings.seed, initial);
    return store;
  };
  const runner = engine(settings, () => withWeights(network(), weights().present()));

  let known: ReturnType<typeof slotsOf> | undefined;
  const ends = () => {
    if (known) return known;
    weights();
    known = slotsOf(network());
    return known;
  };

  let kind: CallKind | undefined;
  const read: CallReader = (x) => {
    const { inputs, outputs } = ends();
    const { inputs: arrays, ...form } = readCall('predict', inputs, outputs, x);
    kind ??= {
      joins: true,
      maxBatch: countable([...inputs, ...outputs].map(({ size }) => size)),
      outputs: outputs.map(({ size }) => size),
      run: runner.run,
    };
    return { kind, batch: form.batch, inputs: arrays, answer: (results) => answer(outputs, form, results) };
  };

  const model = {
    get inputs() {
      return modelPorts(network().inputs);
    },
    get outputs() {
      return modelPorts(network().outputs);
    },
    get backend() {
      return runner.info;
    },
    get weights() {
      return weights().map;
    },
    preprocessing: settings.preprocessing,
    labels: settings.labels,
    summary: () => summary(network()),
    getWeights: () => weights().tensors(),
    setWeights(tensors: readonly Tensor[]) {
      weights().set('setWeights', tensors);
      runner.retire();
    },
    async loadWeights(from: unknown, options?: unknown) {
      const store = weights();
      const { readWeights } = await import('./load-weights.js');
      store.set('loadWeights', await readWeights(network(), from, options));
      runner.retire();
    },

    async predict(x: unknown, options?: PredictOptions) {
      const { inputs, outputs } = ends();
      const signal = readSignal('predict', readOne('predict', 'signal', options));
      const call = readCall('predict', inputs, outputs, x);
      return answer(outputs, call, await runner.run(call.batch, call.inputs, signal));
    },

    predictSync(x: unknown, options?: { readonly out?: unknown }) {
      const { inputs, outputs } = ends();
      const out = readOne('predictSync', 'out', options);
      const call = readCall('predictSync', inputs, outputs, x);
      const tensors =
        out === undefined
          ? outputs.map((slot) => floatTensor(outputShape(slot, call), outputData('predictSync', slot, call)))
          : readOut('predictSync', outputs, call, out);
      runner.program().runSync(
        call.batch,
        call.inputs,
        tensors.map(({ data }) => data),
      );
      if (out !== undefined) return out;
      return call.keyed ? byName(outputs, tensors) : tensors[0];
    },

    profile(x?: unknown, options?: unknown) {
      const { inputs, outputs } = ends();
      const runs = readRuns(options);
      const { batch, inputs: arrays } = readCall('profile', inputs, outputs, x ?? sampleFor(inputs));
      return profileOf(runner, batch, arrays, runs);
    },

    predictStream(source: unknown, options?: StreamOptions) {
      return predictStream({ ...ends(), run: runner.run }, source, options);
    },

    save: (path: string | URL) => saveModel(path, network(), weights().arrays(), settings),
    toBytes: () => modelBytes(network(), weights().arrays(), settings),
    [Symbol.dispose]: () => runner.dispose(),
  };
  const made = Object.freeze(model) as Model;
  register(made, {
    kind: 'network',
    network,
    arrays: () => weights().arrays(),
    settings,
    read,
    packedBytes: () => runner.program().bytes,
  });
  return made;
}

/** The network's graph with numbers for its weights. */
export function withWeights({ graph, weights }: Network, arrays: readonly Float32Array[]): Graph {
  const values = [...graph.values];
  weights.forEach(({ value }, i) => {
    const { name, shape, perSample } = values[value] as Graph['values'][number];
    values[value] = { name, shape, perSample, data: arrays[i] as Float32Array };
  });
  return { ...graph, values };
}

function slotsOf({ inputs, outputs }: Network) {
  return { inputs: slots(inputs), outputs: slots(outputs) };
}

function modelPorts(ports: Network['inputs']): readonly ModelPort[] {
  return Object.freeze(
    slots(ports).map(({ name, shape }) => Object.freeze({ name, shape, dtype: 'float32' as const })),
  );
}
