import { type KernelId, ops } from '../ops/index.js';
import type { Attributes, Shaped } from '../ops/op.js';
import { sizeOf } from '../tensor.js';

/** A shape with its numbers. */
export interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const nothing = new Float32Array(0);

/** What an op makes of constants, computed now by its TypeScript kernel. */
export function evaluate(
  op: KernelId,
  attributes: Attributes,
  inputs: readonly Constant[],
): readonly Constant[] {
  const word = ops[op];
  const shapes = inputs.map(({ shape }): Shaped => ({ shape, perSample: false }));
  const results = word.infer(attributes, shapes);
  const geometry = word.geometry(attributes, shapes, results);
  const outputs = results.map(({ shape }) => new Float32Array(sizeOf(shape)));
  const weights = word.packs === undefined ? undefined : inputs[word.packs]?.data;
  word.run({
    geometry,
    batch: 1,
    inputs: inputs.map(({ data }) => data),
    outputs,
    inputSizes: inputs.map(({ data }) => data.length),
    inputStrides: inputs.map(() => 0),
    inputPitches: inputs.map(() => 0),
    outputStride: 0,
    outputPitch: 0,
    packed: (weights && word.pack?.(geometry, weights)) ?? nothing,
  });
  return results.map(({ shape }, index) => ({ shape, data: outputs[index] as Float32Array }));
}
