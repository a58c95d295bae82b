import { type Engine, open } from './engines.js';
import {
  compile,
  importOnnx,
  isDataType,
  type Known,
  NeedsValue,
  type OnnxFile,
  type OnnxTensor,
} from './internals.js';

export function run(file: OnnxFile, tensors: readonly OnnxTensor[], engine: Engine): Known[] {
  const backend = open(engine);
  const known = new Map<string, Known>();
  const shapes = new Map<string, readonly number[]>();
  const data = new Map<string, Float32Array>();
  file.inputs.forEach(({ name }, i) => {
    const tensor = tensors[i] as OnnxTensor;
    if (!isDataType(tensor.type) || !tensor.data) throw new Error(`type ${tensor.type}`);
    if (tensor.type !== 'float32')
      known.set(name, { kind: 'known', type: tensor.type, shape: tensor.shape, data: tensor.data });
    else {
      shapes.set(name, tensor.shape);
      data.set(name, tensor.data as Float32Array);
    }
  });
  for (;;) {
    try {
      const { graph, inputs, outputs } = importOnnx(file, {
        mode: 'whole',
        shapes,
        known,
        weights: file.initializers,
        layout: 'nchw',
      });
      const flowing = outputs.flatMap((value) => (value.kind === 'flowing' ? [value] : []));
      const results = flowing.map(
        (value) => new Float32Array(value.shape.reduce<number>((a, b) => a * (b as number), 1)),
      );
      if (flowing.length)
        backend.load(compile(graph)).runSync(
          1,
          inputs.map((name) => data.get(name) as Float32Array),
          results,
        );
      return outputs.map((value) => {
        if (value.kind === 'known') return value;
        const floats = results[flowing.indexOf(value)] as Float32Array;
        const converted =
          value.type === 'float32'
            ? floats
            : value.type === 'int64'
              ? BigInt64Array.from(floats, (x) => BigInt(Math.trunc(x)))
              : value.type === 'float64'
                ? Float64Array.from(floats)
                : value.type === 'int32'
                  ? Int32Array.from(floats)
                  : Uint8Array.from(floats);
        return { kind: 'known', type: value.type, shape: value.shape as number[], data: converted };
      });
    } catch (error) {
      if (!(error instanceof NeedsValue)) throw error;
      const at = file.inputs.findIndex(({ name }) => name === error.input);
      const tensor = tensors[at] as OnnxTensor;
      known.set(error.input, {
        kind: 'known',
        type: 'float32',
        shape: tensor.shape,
        data: tensor.data as Float32Array,
      });
      shapes.delete(error.input);
    }
  }
}
