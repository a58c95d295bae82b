import type { Fail } from '../safetensors.js';
import { readWhole } from '../whole-file.js';
import { arrange } from './arrange.js';
import { checkGraph } from './check.js';
import { type ExternalTensor, type ReadContext, readContext } from './context.js';
import { readExternal } from './external.js';
import type { OnnxFile, OnnxTensor } from './file.js';
import type { RawFunction } from './raw.js';
import { readFunction } from './read-function.js';
import { readGraph } from './read-graph.js';
import { isOwnDomain } from './read-node.js';
import { readOpset } from './read-opset.js';
import { readPair } from './read-pair.js';
import { readTensorMessage } from './read-tensor.js';
import { maxTextBytes, WireReader } from './wire.js';

/** The longest protobuf message there is. */
const maxFileBytes = 2 ** 31 - 1;

/**
 * Reads an ONNX file. Tensors are views of `bytes` where their alignment allows it, so nobody may write to these
 * afterwards. Bytes that are `owned` by the reader are rearranged until it does: no weight is in memory twice.
 * Everything is checked but what operators mean; `fail` throws a ModelFileError that names the file.
 */
export function readOnnx(bytes: Uint8Array, fail: Fail, owned = false): OnnxFile {
  return readModel(bytes, readContext(bytes.length, owned), fail);
}

/**
 * The same from a file. With `externalData` tensors may lie in other files of the model's folder; without, none but the
 * file itself is opened.
 */
export async function readOnnxFile(
  path: string,
  fail: Fail,
  options: { readonly externalData?: boolean } = {},
): Promise<OnnxFile> {
  const bytes = await readWhole(path, maxFileBytes, fail);
  if (!options.externalData) return readOnnx(bytes, fail, true);
  const external: ExternalTensor[] = [];
  const file = readModel(bytes, readContext(bytes.length, true, external), fail);
  await readExternal(path, external);
  return file;
}

/** Reads a TensorProto alone, as test data come. */
export function readTensor(bytes: Uint8Array, fail: Fail): OnnxTensor {
  return readTensorMessage(new WireReader(bytes, fail), 'tensor', readContext(bytes.length, false), fail);
}

function readModel(bytes: Uint8Array, context: ReadContext, fail: Fail): OnnxFile {
  if (bytes.length > maxFileBytes) fail(`expected ${maxFileBytes} bytes at most, got ${bytes.length}`);
  const wire = new WireReader(bytes, fail);
  let irVersion = 0;
  let opset: number | undefined;
  let imports = 0;
  let graph: ReturnType<typeof readGraph> | undefined;
  const metadata = new Map<string, string>();
  const functions: RawFunction[] = [];
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) irVersion = wire.int();
    else if (field === 7) {
      if (graph) fail('expected one graph, got two');
      graph = readGraph(wire.message(), context, fail);
    } else if (field === 8) {
      imports++;
      const { domain, version } = readOpset(wire.message());
      if (isOwnDomain(domain)) opset = version;
    } else if (field === 14) readMetadata(wire, metadata, context, fail);
    else if (field === 25) functions.push(readFunction(wire.message(), context, fail));
    else wire.skip();
  }
  if (!graph) return fail('expected an ONNX model, got no graph');
  // Version 3 of the format brought opset_import; what is older knows the first set only.
  if (imports === 0 && irVersion < 3) opset = 1;
  if (opset === undefined) return fail("expected an opset of ONNX's own operators, got none");
  const file = { irVersion, opset, metadata, ...arrange(graph, functions, opset, context, fail) };
  checkGraph(file, fail);
  return file;
}

/** Notes of the exporter. Long ones (pictures, whole documents) are left out: no model needs them. */
function readMetadata(
  wire: WireReader,
  metadata: Map<string, string>,
  context: ReadContext,
  fail: Fail,
): void {
  const span = wire.span();
  if (span.end - span.begin > maxTextBytes) return;
  context.take(span.end - span.begin, fail);
  metadata.set(...readPair(new WireReader(wire.bytes, fail, span, 1), 'metadata'));
}
