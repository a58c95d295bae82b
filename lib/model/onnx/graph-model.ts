import { backendInfo } from '../../backend/select.js';
import type { OnnxFile } from '../../formats/onnx/file.js';
import { checkOperators } from '../../onnx/import.js';
import { batch as batchLength, type Value } from '../../onnx/value.js';
import { type DataType, sizeOf, type Tensor } from '../../tensor.js';
import { readOne, readSignal } from '../arguments.js';
import { type CallKind, type CallReader, countable } from '../calls.js';
import type { Engine } from '../engine.js';
import type { Model, PredictOptions, StreamOptions } from '../face.js';
import type { ModelSettings } from '../options.js';
import { register } from '../origin.js';
import { profileOf, readRuns, sampleFor } from '../profile.js';
import { predictEach } from '../stream.js';
import {
  fitsShape,
  type GraphCall,
  type GraphPort,
  graphPorts,
  type ResultPlace,
  readGraphCall,
  readGraphOut,
} from './ports.js';
import { copyInto, knownTensor, newFloats, placeOf, resultTensor } from './results.js';
import { graphBytes, saveGraph } from './save-graph.js';
import { asFileError, type Special, specialiser } from './specialise.js';
import { graphSummary } from './summary.js';
import { graphWeights } from './weights.js';

/** A model of a graph from a file. `fail` throws a ModelFileError that names the file. */
export function graphModel(
  file: OnnxFile,
  settings: ModelSettings,
  layout: 'nchw' | 'nhwc',
  fail: (rule: string) => never,
): Model {
  const inputs = graphPorts(file.inputs, layout, fail);
  const weights = graphWeights(file);
  const specials = specialiser(file, weights.present, inputs, layout, settings);
  const declared = checked(() => {
    checkOperators(file);
    const special = specials.declared();
    // Weights are packed now: the first prediction takes as long as the second.
    if (special?.outputs.some(({ kind }) => kind === 'flowing')) special.engine.program();
    return special;
  }, fail);
  const outputs = outputPorts(file, layout, declared, fail);
  const port = ({ name, dtype, shape = [] }: GraphPort) => Object.freeze({ name, shape, dtype });
  const [inputFaces, outputFaces] = [Object.freeze(inputs.map(port)), Object.freeze(outputs.map(port))];

  // What was made ready for the last call serves the next one of the same shapes.
  let last: Ready | undefined;
  const readyFor = (who: string, tensors: GraphCall['tensors']): Ready => {
    if (last?.shapes.every((shape, i) => fitsShape(shape, (tensors[i] as Tensor<DataType>).shape)))
      return last;
    const special = specials.of(who, tensors);
    const ready = makeReady(who, special, inputs, tensors);
    last = special.numbered ? undefined : ready;
    return ready;
  };

  const prepare = (who: string, x: unknown) => {
    const call = readGraphCall(who, inputs, outputs.length, x);
    const ready = readyFor(who, call.tensors);
    const arrays = ready.reads.map((input) => floatsOf(call.tensors[input] as Tensor<DataType>));
    return { call, ready, arrays };
  };

  const answer = (keyed: boolean, ready: Ready, results: readonly Float32Array[]): unknown => {
    const tensors = ready.results.map(({ value, place, flows }) =>
      value.kind === 'known'
        ? knownTensor(place, value, ready.n)
        : resultTensor(place, results[flows] as Float32Array),
    );
    return inForm(keyed, outputs, tensors);
  };

  const retire = (): void => {
    last = undefined;
    specials.retire();
  };

  const predict = async (x: unknown, options?: PredictOptions) => {
    const signal = readSignal('predict', readOne('predict', 'signal', options));
    const { call, ready, arrays } = prepare('predict', x);
    const { keyed } = call;
    signal?.throwIfAborted();
    return answer(keyed, ready, ready.flowing > 0 ? await ready.engine.run(ready.n, arrays, signal) : []);
  };

  const kinds = new WeakMap<Engine, CallKind>();
  const read: CallReader = (x) => {
    const { call, ready, arrays } = prepare('predict', x);
    const { keyed } = call;
    const kind = kinds.get(ready.engine) ?? kindOf(ready, arrays);
    kinds.set(ready.engine, kind);
    return { kind, batch: ready.n, inputs: arrays, answer: (results) => answer(keyed, ready, results) };
  };

  const model = {
    inputs: inputFaces,
    outputs: outputFaces,
    get backend() {
      return backendInfo(settings.backend);
    },
    weights: weights.map,
    preprocessing: settings.preprocessing,
    labels: settings.labels,
    summary() {
      const declared = specials.declared();
      return graphSummary(file, inputFaces, outputFaces, declared?.graph, declared?.batched ?? false);
    },
    getWeights: () => weights.tensors(),
    setWeights(tensors: readonly Tensor[]) {
      weights.set('setWeights', tensors);
      retire();
    },
    async loadWeights(from: unknown, options?: unknown) {
      const { readGraphWeights } = await import('../load-weights.js');
      const specs = [...weights.map].map(([name, { shape }]) => ({ name, shape }));
      weights.set('loadWeights', await readGraphWeights(specs, from, options));
      retire();
    },
    predict,

    predictSync(x: unknown, options?: { readonly out?: unknown }) {
      const who = 'predictSync';
      const out = readOne(who, 'out', options);
      const { call, ready, arrays } = prepare(who, x);
      const given = out === undefined ? undefined : readGraphOut(who, outputs, ready.places, call, out);
      const floats: Float32Array[] = [];
      for (const [i, { place, size, flows }] of ready.results.entries()) {
        if (flows < 0) continue;
        floats.push(given && place.dtype === 'float32' ? (given[i] as Tensor).data : newFloats(who, size));
      }
      if (ready.flowing > 0) ready.engine.program().runSync(ready.n, arrays, floats);
      if (!given) return answer(call.keyed, ready, floats);
      for (const [i, { value, place, flows }] of ready.results.entries()) {
        const target = given[i] as Tensor<DataType>;
        if (value.kind === 'known') copyInto(target, knownTensor(place, value, ready.n));
        else if (floats[flows] !== target.data)
          copyInto(target, resultTensor(place, floats[flows] as Float32Array));
      }
      return out;
    },

    profile(x?: unknown, options?: unknown) {
      const runs = readRuns(options);
      const { ready, arrays } = prepare('profile', x ?? sampleFor(inputs));
      return profileOf(ready.engine, ready.n, arrays, runs);
    },

    predictStream: (source: unknown, options?: StreamOptions) =>
      predictEach((x, signal) => predict(x, { signal }), source, options),

    save: (path: string | URL) => saveGraph(path, file, weights.initializers(), settings),
    toBytes: () => graphBytes(file, weights.initializers(), settings),
    [Symbol.dispose]() {
      last = undefined;
      specials.dispose();
    },
  };
  const made = Object.freeze(model) as unknown as Model;
  register(made, {
    kind: 'graph',
    file: () => ({ ...file, initializers: weights.initializers() }),
    settings,
    read,
    packedBytes: () => specials.packedBytes(),
  });
  return made;
}

/** All that calls of the same shapes have in common. */
interface Ready {
  readonly engine: Engine;
  /** Of the model's inputs. */
  readonly shapes: readonly (readonly number[])[];
  readonly n: number;
  /** The first axis of everything is a batch, which the program leaves out. */
  readonly batched: boolean;
  /** Numbers of the inputs that the program reads. */
  readonly reads: readonly number[];
  readonly places: readonly ResultPlace[];
  readonly results: readonly {
    readonly value: Value;
    readonly place: ResultPlace;
    readonly size: number;
    /** Number among the outputs of the program; -1 where it was known before. */
    readonly flows: number;
  }[];
  /** Outputs of the program. */
  readonly flowing: number;
}

function makeReady(
  who: string,
  special: Special,
  inputs: readonly GraphPort[],
  tensors: readonly Tensor<DataType>[],
): Ready {
  const n = special.batched ? (tensors[0]?.shape[0] as number) : 1;
  const places = special.outputs.map((value) => placeOf(who, value, n));
  let flowing = 0;
  const results = special.outputs.map((value, i) => {
    const place = places[i] as ResultPlace;
    return { value, place, size: sizeOf(place.shape), flows: value.kind === 'flowing' ? flowing++ : -1 };
  });
  return {
    engine: special.engine,
    shapes: tensors.map(({ shape }) => shape),
    n,
    batched: special.batched,
    reads: special.inputs.map((name) => inputs.findIndex((port) => port.name === name)),
    places,
    results,
    flowing,
  };
}

/** What calls of these shapes have in common, whatever their batch is. */
function kindOf({ engine, n, batched, results, flowing }: Ready, arrays: readonly Float32Array[]): CallKind {
  const flow = results.filter(({ flows }) => flows >= 0);
  const outputs = flow.map(({ size }) => size / n);
  return {
    joins: batched && flow.every(({ value }) => value.shape[0] === batchLength),
    maxBatch: countable([...outputs, ...arrays.map(({ length }) => length / n)]),
    outputs,
    run: flowing > 0 ? engine.run : async () => [],
  };
}

/** Numbers as the engine holds them. */
function floatsOf({ dtype, data }: Tensor<DataType>): Float32Array {
  return dtype === 'float32' ? (data as Float32Array) : Float32Array.from(data as ArrayLike<number>);
}

function checked<T>(work: () => T, fail: (rule: string) => never): T {
  try {
    return work();
  } catch (error) {
    return asFileError(error, fail);
  }
}

/** The file's own output shapes, completed by what the import has found. */
function outputPorts(
  file: OnnxFile,
  layout: 'nchw' | 'nhwc',
  declared: Special | undefined,
  fail: (rule: string) => never,
): readonly GraphPort[] {
  return graphPorts(file.outputs, layout, fail).map((port, i) => {
    const found = declared?.outputs[i];
    if (!found) return port;
    const shape = found.shape.map((length) => (length === batchLength ? -1 : length));
    return { ...port, shape, dtype: found.type };
  });
}

function inForm(
  keyed: boolean,
  outputs: readonly GraphPort[],
  tensors: readonly Tensor<DataType>[],
): unknown {
  if (!keyed) return tensors[0];
  return Object.freeze(Object.fromEntries(outputs.map(({ name }, i) => [name, tensors[i]])));
}
