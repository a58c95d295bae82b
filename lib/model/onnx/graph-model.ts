import { backendInfo } from '../../backend/select.js';
import type { OnnxFile } from '../../formats/onnx/file.js';
import { checkOperators } from '../../onnx/import.js';
import { batch as batchLength, type Value } from '../../onnx/value.js';
import type { DataType, Tensor } from '../../tensor.js';
import { readOne, readSignal } from '../arguments.js';
import type { Model, PredictOptions, StreamOptions } from '../face.js';
import type { ModelSettings } from '../options.js';
import { register } from '../origin.js';
import { profileOf, readRuns, sampleFor } from '../profile.js';
import { predictEach } from '../stream.js';
import { type GraphCall, type GraphPort, graphPorts, readGraphCall, readGraphOut } from './ports.js';
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
  const special = specialiser(file, weights.initializers, inputs, layout, settings);
  const outputs = checked(() => {
    checkOperators(file);
    const declared = special.declared();
    // Weights are packed now: the first prediction takes as long as the second.
    if (declared?.outputs.some(({ kind }) => kind === 'flowing')) declared.engine.program();
    return outputPorts(file, layout, declared, fail);
  }, fail);
  const port = ({ name, dtype, shape = [] }: GraphPort) => Object.freeze({ name, shape, dtype });
  const [inputFaces, outputFaces] = [Object.freeze(inputs.map(port)), Object.freeze(outputs.map(port))];

  const prepare = (who: string, x: unknown) => {
    const call = readGraphCall(who, inputs, outputs.length, x);
    const made = special.of(who, call.tensors);
    const first = call.tensors.get(inputs[0]?.name as string);
    const n = made.batched ? (first?.shape[0] as number) : 1;
    const places = made.outputs.map((value) => placeOf(who, value, n));
    const arrays = made.inputs.map((name) => floatsOf(call.tensors.get(name) as Tensor<DataType>));
    const flowing = places.filter((_, i) => made.outputs[i]?.kind === 'flowing');
    return { call, made, n, places, arrays, flowing };
  };

  const answer = (
    { call, made, n, places }: ReturnType<typeof prepare>,
    results: readonly Float32Array[],
  ): unknown => {
    let next = 0;
    const tensors = made.outputs.map((value: Value, i) => {
      const place = places[i] as ReturnType<typeof placeOf>;
      return value.kind === 'known'
        ? knownTensor(place, value, n)
        : resultTensor(place, results[next++] as Float32Array);
    });
    return inForm(call, outputs, tensors);
  };

  const predict = async (x: unknown, options?: PredictOptions) => {
    const signal = readSignal('predict', readOne('predict', 'signal', options));
    const prepared = prepare('predict', x);
    const { made, n, arrays, flowing } = prepared;
    signal?.throwIfAborted();
    return answer(prepared, flowing.length > 0 ? await made.engine.run(n, arrays, signal) : []);
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
    summary: () => graphSummary(file, inputFaces, outputFaces, special.declared()?.graph),
    getWeights: () => weights.tensors(),
    setWeights(tensors: readonly Tensor[]) {
      weights.set('setWeights', tensors);
      special.retire();
    },
    async loadWeights(from: unknown, options?: unknown) {
      const { readGraphWeights } = await import('../load-weights.js');
      const specs = [...weights.map].map(([name, { shape }]) => ({ name, shape }));
      weights.set('loadWeights', await readGraphWeights(specs, from, options));
      special.retire();
    },
    predict,

    predictSync(x: unknown, options?: { readonly out?: unknown }) {
      const who = 'predictSync';
      const out = readOne(who, 'out', options);
      const prepared = prepare(who, x);
      const { call, made, n, places, arrays, flowing } = prepared;
      const given = out === undefined ? undefined : readGraphOut(who, outputs, places, call, out);
      const places32 = made.outputs.flatMap(({ kind, type }, i) =>
        kind === 'flowing' ? [type === 'float32' ? given?.[i] : undefined] : [],
      );
      const results = flowing.map(
        ({ shape }, i) =>
          (places32[i]?.data as Float32Array | undefined) ??
          newFloats(
            who,
            shape.reduce((size, length) => size * length, 1),
          ),
      );
      if (flowing.length > 0) made.engine.program().runSync(n, arrays, results);
      if (!given) return answer(prepared, results);
      let next = 0;
      made.outputs.forEach((value, i) => {
        const place = places[i] as ReturnType<typeof placeOf>;
        const target = given[i] as Tensor<DataType>;
        if (value.kind === 'known') copyInto(target, knownTensor(place, value, n));
        else if (results[next++] !== target.data)
          copyInto(target, resultTensor(place, results[next - 1] as Float32Array));
      });
      return out;
    },

    profile(x?: unknown, options?: unknown) {
      const runs = readRuns(options);
      const { made, n, arrays } = prepare('profile', x ?? sampleFor(inputs));
      return profileOf(made.engine, n, arrays, runs);
    },

    predictStream: (source: unknown, options?: StreamOptions) =>
      predictEach((x, signal) => predict(x, { signal }), source, options),

    save: (path: string | URL) => saveGraph(path, file, weights.initializers(), settings),
    toBytes: () => graphBytes(file, weights.initializers(), settings),
    [Symbol.dispose]: () => special.dispose(),
  };
  const made = Object.freeze(model) as unknown as Model;
  register(made, {
    kind: 'graph',
    file: () => ({ ...file, initializers: weights.initializers() }),
    settings,
  });
  return made;
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
  { keyed }: GraphCall,
  outputs: readonly GraphPort[],
  tensors: readonly Tensor<DataType>[],
): unknown {
  if (!keyed) return tensors[0];
  return Object.freeze(Object.fromEntries(outputs.map(({ name }, i) => [name, tensors[i]])));
}
