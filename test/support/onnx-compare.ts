import { type Model, type Tensor, tensor } from 'neocog';
import { expect } from 'vitest';
import type { DataType, OnnxTensor } from './internals.js';
import { tensorsOf } from './onnx-cases.js';

function given({ data, shape, type }: OnnxTensor): Tensor<DataType> {
  // One signature of several: which one is known when it runs.
  return tensor(data as Uint8Array, shape, type as 'bool');
}

/** Runs a model on data sets of ONNX's own tests and compares all outputs. */
export function compare(model: Model, dataSets: readonly string[]): void {
  for (const set of dataSets) {
    const inputs = tensorsOf(set, 'input');
    const call = Object.fromEntries(
      model.inputs.map(({ name }, i) => [name, given(inputs[i] as OnnxTensor)]),
    );
    const results: Readonly<Record<string, Tensor<DataType>>> = model.predictSync(call);
    const expected = tensorsOf(set, 'output');
    for (const [i, { name }] of model.outputs.entries()) {
      const result = results[name] as Tensor<DataType>;
      expect(difference(result, expected[i] as OnnxTensor), `output ${name}`).toBeUndefined();
    }
  }
}

/**
 * What differs between a result and what is expected, by the rule of ONNX's own runner: shape and data type are equal, and
 * |a - b| <= 1e-7 + 1e-3 |b|, NaN being equal to NaN.
 */
function difference(result: Tensor<DataType>, expected: OnnxTensor): string | undefined {
  if (result.dtype !== expected.type) return `expected ${expected.type}, got ${result.dtype}`;
  if (result.shape.join() !== expected.shape.join()) {
    return `expected the shape [${expected.shape}], got [${result.shape}]`;
  }
  const { data } = expected;
  if (data?.length !== result.data.length)
    return `expected ${data?.length} numbers, got ${result.data.length}`;
  for (let i = 0; i < data.length; i++) {
    const [a, b] = [Number(result.data[i]), Number(data[i])];
    if (!(Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-7 + 1e-3 * Math.abs(b))) {
      return `element ${i}: expected ${b}, got ${a}`;
    }
  }
  return undefined;
}
