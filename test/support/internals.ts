/** The internals that tests look at, from the built package: nothing else of `dist` is imported by tests. */

import type { Binding } from '../../binding.js';
import { loadAddon } from '../../dist/backend/native.js';

export type { Backend, BackendOptions, Program } from '../../dist/backend/backend.js';
export { faultOfBinary } from '../../dist/backend/binary.js';
export { cpuQuota } from '../../dist/backend/cores.js';
export { selectBackend } from '../../dist/backend/select.js';
export { widthsFor } from '../../dist/cli/guesses.js';
export { duration, perSecond, progress } from '../../dist/cli/progress.js';
export type { AlgorithmOptions } from '../../dist/compile/algorithms.js';
export { shareCommon } from '../../dist/compile/common.js';
export { compile } from '../../dist/compile/compile.js';
export { foldConstants } from '../../dist/compile/fold-constants.js';
export { layout } from '../../dist/compile/layout.js';
export { ModelFileError, ShapeError } from '../../dist/errors.js';

export { elementTypes, isDataType } from '../../dist/formats/onnx/element-types.js';
export type {
  Numbers,
  OnnxAttribute,
  OnnxFile,
  OnnxNode,
  OnnxPort,
  OnnxTensor,
} from '../../dist/formats/onnx/file.js';

export { readOnnx, readOnnxFile, readTensor } from '../../dist/formats/onnx/read.js';
export { toBigint, toNumber, WireReader } from '../../dist/formats/onnx/wire.js';
export { writeOnnx } from '../../dist/formats/onnx/write.js';
export { failing } from '../../dist/formats/safetensors.js';
export { type GraphBuilder, graphBuilder } from '../../dist/graph/builder.js';
export type { Graph } from '../../dist/graph/graph.js';
export type { Plan, Ref } from '../../dist/graph/plan.js';
export type { ModelCall } from '../../dist/model/calls.js';
export { input, model } from '../../dist/model/model.js';
export { evaluators } from '../../dist/onnx/evaluate/index.js';
export { checkOperators, type ImportRequest, importOnnx } from '../../dist/onnx/import.js';
export { NeedsValue } from '../../dist/onnx/needs.js';
export { nodeScope } from '../../dist/onnx/node-scope.js';
export { NotBatched } from '../../dist/onnx/not-batched.js';
export { rules } from '../../dist/onnx/operators/index.js';
export type { Known } from '../../dist/onnx/value.js';
export { activations } from '../../dist/ops/activation.js';
export { binaries } from '../../dist/ops/binary.js';
export { type OpId, ops, reductions } from '../../dist/ops/index.js';
export { execute } from '../../dist/serve/execute.js';
export { Request } from '../../dist/serve/request.js';
export { counters } from '../../dist/serve/statistics.js';
export type { DataType } from '../../dist/tensor.js';
export { adapted } from '../../dist/zoo/classifier.js';

/** The native addon itself. */
export function openBinding(): Binding {
  const addon = loadAddon();
  if (!addon.binding) throw new Error(addon.reason);
  return addon.binding;
}
export { countFiles, files } from '../../dist/jobs/files.js';
export { completeLines } from '../../dist/jobs/lines.js';
export { isPattern, partsOf } from '../../dist/jobs/pattern.js';
