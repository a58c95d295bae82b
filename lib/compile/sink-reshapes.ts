import type { Graph, Node, Value } from '../graph/graph.js';
import { sameShape, sizeOf } from '../tensor.js';
import { alive } from './links.js';

/**
 * Elementwise steps move before a reshape that they read, where the channels stay the last axis: the reshape then meets
 * the one of the next step, and both vanish. So a network over lines, whose windows work on images of height 1, runs on
 * images from its first window to its last, and its normalisations, functions and sums can join the windows.
 */
export function sinkReshapes(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => op === 'reshape')) return graph;
  const values: Value[] = [...graph.values];
  const nodes: Node[] = [];
  /** What a value is another shape of. */
  const sources = new Map<number, number>();
  /** Values that are others. */
  const same = new Map<number, number>();
  const now = (id: number): number => same.get(id) ?? id;
  const shapeOf = (id: number): readonly number[] => (values[id] as Value).shape;

  const add = (value: Value): number => values.push(value) - 1;

  const reshape = (name: string, from: number, to: number): void => {
    nodes.push({ op: 'reshape', name, attributes: { shape: shapeOf(to) }, inputs: [from], outputs: [to] });
    sources.set(to, from);
  };

  /** A value under another shape. */
  const seenAs = (id: number, shape: readonly number[]): number => {
    if (sameShape(shapeOf(id), shape)) return id;
    const source = sources.get(id);
    if (source !== undefined && sameShape(shapeOf(source), shape)) return source;
    const made = add({ ...(values[id] as Value), shape });
    if (!(values[id] as Value).data) reshape((values[id] as Value).name, source ?? id, made);
    return made;
  };

  /** An operand that broadcasts against `to` as it did against `from`; undefined where there is none. */
  const operand = (id: number, from: readonly number[], to: readonly number[]): number | undefined => {
    const shape = shapeOf(id);
    if (sameShape(shape, from)) return seenAs(id, to);
    if (sizeOf(shape.slice(0, -1)) !== 1) return undefined;
    if (shape.length <= to.length && !(values[id] as Value).perSample) return id;
    return seenAs(id, [...to.slice(0, -1).map(() => 1), ...shape.slice(-1)]);
  };

  /** The inputs of the step before the reshape, and the shape that it works on. */
  const before = ({ op, inputs, outputs, repeat }: Node): number[] | undefined => {
    const shape = shapeOf(outputs[0] as number);
    const [x] = inputs as [number];
    if (op === 'unary') return sources.has(x) ? [sources.get(x) as number] : undefined;
    const from = inputs
      .filter((id) => sameShape(shapeOf(id), shape))
      .map((id) => sources.get(id))
      .find((id) => id !== undefined);
    if (from === undefined || shapeOf(from).at(-1) !== shape.at(-1)) return undefined;
    const to = shapeOf(from);
    if (op === 'scale' || op === 'batchnorm') {
      return repeat === undefined || to[0] === repeat ? [from, ...inputs.slice(1)] : undefined;
    }
    if (op !== 'binary' || repeat !== undefined) return undefined;
    const operands = inputs.map((id) => operand(id, shape, to));
    return operands.every((id) => id !== undefined) ? operands : undefined;
  };

  for (const given of graph.nodes) {
    const node = { ...given, inputs: given.inputs.map(now) };
    const [from, to] = [node.inputs[0] as number, node.outputs[0] as number];
    if (node.op === 'reshape') {
      const source = sources.get(from) ?? from;
      if (sameShape(shapeOf(source), shapeOf(to))) same.set(to, source);
      else reshape(node.name, source, to);
      continue;
    }
    const inputs = before(node);
    if (!inputs) {
      nodes.push(node);
      continue;
    }
    const [first] = inputs.map(shapeOf).sort((a, b) => sizeOf(b) - sizeOf(a)) as [readonly number[]];
    const made = add({ ...(values[to] as Value), shape: first });
    nodes.push({ ...node, inputs, outputs: [made] });
    reshape(node.name, made, to);
  }
  const outputs = graph.outputs.map(now);
  // Reshapes that nobody reads any more would seem to be readers of what they read.
  return { ...graph, values, nodes: alive(nodes, outputs), outputs };
}
