import type { OnnxFile } from '../../formats/onnx/file.js';
import { type Graph, itemOf, type Value } from '../../graph/graph.js';
import { showShape, sizeOf } from '../../tensor.js';
import { multiplyAdds } from '../cost.js';
import type { ModelPort } from '../face.js';
import { type Row, table } from '../table.js';

/**
 * A table of a file's operators with output shapes, parameters, multiply-adds and activation bytes per sample; where the
 * graph is `batched`, its shapes lack the batch n, which is free. Without a graph (shapes are known only when inputs are there) only operators and parameters are known.
 */
export function graphSummary(
  file: OnnxFile,
  inputs: readonly ModelPort[],
  outputs: readonly ModelPort[],
  graph: Graph | undefined,
  batched: boolean,
): string {
  const facts = graph ? factsOf(graph, batched) : new Map<string, Facts>();
  const counted = new Set<string>();
  const rows = file.nodes.map(({ name, op, inputs: from }): Row => {
    const own = from.filter((value) => file.initializers.has(value) && !counted.has(value));
    for (const value of own) counted.add(value);
    const parameters = own.reduce((sum, value) => sum + floats(file, value), 0);
    const { shape, macs = 0, bytes = 0 } = facts.get(name) ?? {};
    return { name: `${name} (${op})`, shape: shape ? showShape(shape) : '', parameters, macs, bytes };
  });
  const shown = ({ name, shape }: ModelPort): Row => ({
    name: `${name} (input)`,
    shape: showShape(shape.map((length) => (length < 0 ? 'n' : length))),
    parameters: 0,
    macs: 0,
    bytes: 0,
  });
  const note = `outputs: ${outputs.map(({ name }) => name).join(', ')}; MACs are multiply-adds, bytes those of the results, for one sample`;
  return table([...inputs.map(shown), ...rows], note);
}

interface Facts {
  readonly shape: readonly (number | string)[];
  readonly macs: number;
  readonly bytes: number;
}

/** Several nodes of the graph may come from one operator: they bear its name. */
function factsOf({ nodes, values }: Graph, batched: boolean): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  for (const { op, name, attributes, inputs, outputs, repeat } of nodes) {
    const [read, made] = [inputs, outputs].map((ids) => ids.map((id) => values[id] as Value)) as [
      Value[],
      Value[],
    ];
    const [result] = made;
    if (!result) continue;
    const items = read.map((value) => itemOf(value, repeat));
    const cost = (repeat ?? 1) * multiplyAdds(op, attributes, items, itemOf(result, repeat));
    facts.set(name, {
      shape: batched && result.perSample ? ['n', ...result.shape] : result.shape,
      macs: (facts.get(name)?.macs ?? 0) + cost,
      bytes: made.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0),
    });
  }
  return facts;
}

function floats({ initializers }: OnnxFile, name: string): number {
  const found = initializers.get(name);
  return found?.type === 'float32' ? sizeOf(found.shape) : 0;
}
