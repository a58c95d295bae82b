import { OptionError } from '../../errors.js';
import type { OnnxFile, OnnxNode, OnnxPort } from '../../formats/onnx/file.js';
import type { Graph } from '../../graph/graph.js';
import type { OpId } from '../../ops/index.js';
import { type Draft, draft } from './draft.js';
import { batchnorm, binary, scale, unary } from './elementwise.js';
import { concat, copy, reshape } from './movement.js';
import { type Order, ordered } from './order.js';
import { matmul, reduce, softmax } from './reductions.js';
import { type ExportScope, exportScope, type Places, placed } from './scope.js';
import { averagepool2d, conv2d, convtranspose2d, depthwise2d, maxpool2d } from './windowed.js';

/** What is written: sample values for all inputs and outputs, data for all others that are not computed. */
export interface ExportRequest {
  readonly graph: Graph;
  /** In the order of the graph's. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** How images stand at the inputs and outputs. */
  readonly layout: 'nhwc' | 'nchw';
  readonly metadata: ReadonlyMap<string, string>;
}

const exporters: Partial<Record<OpId, (scope: ExportScope) => void>> = {
  conv2d,
  depthwise2d,
  convtranspose2d,
  matmul,
  maxpool2d,
  averagepool2d,
  reduce,
  unary,
  binary,
  scale,
  batchnorm,
  softmax,
  copy,
  concat,
  reshape,
};

/**
 * A graph of samples as an ONNX file of opset 17, with a free batch named n. Images are turned to ONNX's order where an
 * operator asks for it, and back where the output or an operator does: once for each value at most.
 * Throws OptionError for what ONNX has no words for.
 */
export function exportGraph({ graph, inputs, outputs, layout, metadata }: ExportRequest): OnnxFile {
  const written = draft([...inputs, ...outputs]);
  const order: Order = layout === 'nchw' ? 'first' : 'last';
  const orderOf = (id: number) => (graph.values[id]?.shape.length === 3 ? order : 'last');
  const places: Places = new Map(graph.inputs.map((id, i) => [id, { [orderOf(id)]: inputs[i] as string }]));
  const sheet = { graph, draft: written, places, weights: new Map<string, string>() };
  for (const node of graph.nodes) {
    const scope = exportScope(sheet, node);
    const write = exporters[node.op];
    if (!write || node.repeat !== undefined)
      scope.fail('expected an operation that ONNX files can hold here');
    else write(scope);
  }
  const made = graph.outputs.map((id) => placed(written, places.get(id) ?? {}, orderOf(id)));
  const ports = (ids: readonly number[], names: readonly string[]) =>
    ids.map(
      (id, i): OnnxPort => ({
        name: names[i] as string,
        type: 'float32',
        shape: ['n', ...ordered(graph.values[id]?.shape ?? [], orderOf(id))],
      }),
    );
  return {
    irVersion: 8,
    opset: 17,
    name: 'neocog',
    nodes: named(written, made, outputs, new Set(inputs)),
    initializers: written.initializers,
    inputs: ports(graph.inputs, inputs),
    outputs: ports(graph.outputs, outputs),
    metadata,
  };
}

/** The nodes with the model's names for its outputs; a value that is an input too, or two outputs, is copied. */
function named(
  written: Draft,
  made: readonly string[],
  outputs: readonly string[],
  inputs: ReadonlySet<string>,
): readonly OnnxNode[] {
  const names = new Map<string, string>();
  for (const [i, from] of made.entries()) {
    const to = outputs[i] as string;
    if (from === to) continue;
    if (inputs.has(to) || outputs.indexOf(to) < i) {
      throw new OptionError(`saveOnnx: expected outputs with names of their own, got "${to}" again`);
    }
    if (!inputs.has(from) && !names.has(from)) names.set(from, to);
    else written.nodes.push(identity(from, to));
  }
  const renamed = (all: readonly string[]) => all.map((name) => names.get(name) ?? name);
  return written.nodes.map((node) => ({
    ...node,
    inputs: renamed(node.inputs),
    outputs: renamed(node.outputs),
  }));
}

function identity(from: string, to: string): OnnxNode {
  return { op: 'Identity', name: `${to}/Identity`, inputs: [from], outputs: [to], attributes: new Map() };
}
