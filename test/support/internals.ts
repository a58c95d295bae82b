/** The internals that tests look at, from the built package: nothing else of `dist` is imported by tests. */

import type { Binding } from '../../binding.js';
import { loadAddon } from '../../dist/backend/native.js';

export type { Backend, BackendOptions, Program } from '../../dist/backend/backend.js';
export { faultOfBinary } from '../../dist/backend/binary.js';
export { selectBackend } from '../../dist/backend/select.js';
export { compile } from '../../dist/compile/compile.js';
// The class of the modules: the bundle has one of its own.
export { ModelFileError } from '../../dist/errors.js';
export type { OnnxAttribute, OnnxFile, OnnxNode, OnnxTensor } from '../../dist/formats/onnx/file.js';
export { readOnnx, readOnnxFile, readTensor } from '../../dist/formats/onnx/read.js';
export { toBigint, toNumber, WireReader } from '../../dist/formats/onnx/wire.js';
export { writeOnnx } from '../../dist/formats/onnx/write.js';
export { failing } from '../../dist/formats/safetensors.js';
export { graphBuilder } from '../../dist/graph/builder.js';
export type { Plan, Ref } from '../../dist/graph/plan.js';
export { input, model } from '../../dist/model/model.js';
export { activations } from '../../dist/ops/activation.js';
export { binaries } from '../../dist/ops/binary.js';
export { ops, reductions } from '../../dist/ops/index.js';
export { adapted } from '../../dist/zoo/classifier.js';

/** The native addon itself. */
export function openBinding(): Binding {
  const addon = loadAddon();
  if (!addon.binding) throw new Error(addon.reason);
  return addon.binding;
}
