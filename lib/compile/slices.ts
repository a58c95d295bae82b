import { type Graph, itemOf, type Value } from '../graph/graph.js';
import { product } from '../ops/check.js';
import { type ConcatAttributes, type CopyAttributes, ops } from '../ops/index.js';
import { sizeOf } from '../tensor.js';
import type { Aliased, KernelNode } from './aliases.js';
import { spread } from './spread.js';

/** Where a value lies within another one: both have `rows` rows per sample, and its own begin `start` floats later. */
export interface Slice {
  readonly host: number;
  readonly start: number;
  readonly rows: number;
}

interface Left {
  readonly index: number;
  readonly slice: Slice;
  /** Floats per sample once it lies there; a shared value is there for each item. */
  readonly size: number;
}

export interface Slices {
  /** The values that lie in another one. */
  readonly of: ReadonlyMap<number, Slice>;
  /**
   * Inputs that a concat has to copy itself, and where to; a concat that is not here copies all. A slice that is here
   * copies nothing.
   */
  readonly left: ReadonlyMap<KernelNode, readonly Left[]>;
}

/**
 * Concatenation without copies: who makes an input of a `concat` writes it to its place in the output, where it and all
 * who read it can step over the rest of a row (`Op.pitched`), or where rows are whole samples. The last concat goes first:
 * what it gives a place may be the output of another, and a concat whose inputs already lie side by side is nothing but
 * a part of that memory (a dense block is one long row). A slice of channels whose readers can step over the others is
 * no copy either. `free` tells which values have no memory of their own yet.
 */
export function slices(graph: Graph, { nodes, root }: Aliased, free: (id: number) => boolean): Slices {
  const of = new Map<number, Slice>();
  const left = new Map<KernelNode, readonly Left[]>();
  const uses = usesOf(nodes, root);
  const value = (id: number): Value => graph.values[id] as Value;

  /** May everybody who writes or reads `id` meet rows that are parts of longer ones? */
  const mayLieIn = (id: number, host: number, rows: number): boolean =>
    free(id) &&
    !of.has(id) &&
    value(id).perSample &&
    value(host).perSample &&
    (uses.get(id) ?? []).every((use) => meetsRows(graph, use, rows));

  for (const node of nodes.toReversed()) {
    if (node.op !== 'concat') continue;
    const [y] = node.outputs as [number];
    const inputs = node.inputs.map(root);
    const outer = outerOf(graph, node);
    const rows = outer * (node.repeat ?? 1);
    const widths = inputs.map((id) => sizeOf(value(id).shape) / (value(id).perSample ? rows : outer));
    const beside = sideBySide(inputs, widths, of, rows);
    if (beside && mayLieIn(y, beside.host, rows)) {
      of.set(y, beside);
      left.set(node, []);
      continue;
    }
    const place = of.get(y) ?? { host: y, start: 0, rows };
    if (place.rows !== rows) continue;
    let start = place.start;
    const copied: Left[] = [];
    inputs.forEach((id, index) => {
      const slice = { host: place.host, start, rows };
      const width = widths[index] as number;
      if (mayLieIn(id, place.host, rows)) of.set(id, slice);
      else copied.push({ index, slice, size: width * rows });
      start += width;
    });
    if (copied.length < inputs.length) left.set(node, copied);
  }

  for (const node of nodes) {
    const start = channelsFrom(graph, node);
    if (start === undefined) continue;
    const [x, y] = [root(node.inputs[0] as number), node.outputs[0] as number];
    const rows = product(value(y).shape, 0, -1);
    const place = of.get(x) ?? { host: x, start: 0, rows };
    const reads = (uses.get(y) ?? []).filter(({ port }) => port === 'inputs');
    if (place.rows !== rows || !free(y) || of.has(y) || !value(y).perSample) continue;
    if (!reads.every((use) => stepsOver(graph, use, rows))) continue;
    of.set(y, { ...place, start: place.start + start });
    left.set(node, []);
  }
  return { of, left };
}

/** The first channel of a slice that takes all of the other axes. */
function channelsFrom(graph: Graph, { op, attributes, inputs, repeat }: KernelNode): number | undefined {
  if (op !== 'copy' || repeat !== undefined) return undefined;
  const slice = attributes as CopyAttributes;
  if (slice.kind !== 'slice' || slice.step?.some((step) => step !== 1)) return undefined;
  const { shape } = graph.values[inputs[0] as number] as Value;
  const whole = shape.slice(0, -1).every((length, axis) => slice.size[axis] === length);
  return whole ? slice.begin.at(-1) : undefined;
}

/** A step that writes (`port` 'outputs') or reads a value. */
export interface Use {
  readonly node: KernelNode;
  readonly port: 'inputs' | 'outputs';
  readonly index: number;
}

function usesOf(nodes: readonly KernelNode[], root: Aliased['root']): ReadonlyMap<number, readonly Use[]> {
  const uses = new Map<number, Use[]>();
  const add = (id: number, use: Use): void => {
    const list = uses.get(id) ?? [];
    list.push(use);
    uses.set(id, list);
  };
  for (const node of nodes) {
    node.inputs.forEach((id, index) => {
      add(root(id), { node, port: 'inputs', index });
    });
    node.outputs.forEach((id, index) => {
      add(id, { node, port: 'outputs', index });
    });
  }
  return uses;
}

function meetsRows(graph: Graph, use: Use, rows: number): boolean {
  const repeat = use.node.repeat ?? 1;
  return rows % repeat === 0 && (rows === repeat || stepsOver(graph, use, rows));
}

/** Whether the kernel can take `rows` rows per sample that lie apart: they must be the rows that it works on. */
export function stepsOver(graph: Graph, { node, port, index }: Use, rows: number): boolean {
  if (node.op === 'copy' && port === 'outputs') return canSpread(graph, node, rows);
  const pitched = ops[node.op].pitched;
  const can = port === 'inputs' ? pitched?.inputs.includes(index) : pitched?.output && index === 0;
  if (node.op !== 'concat' && !can) return false;
  const { shape } = itemOf(graph.values[node[port][index] as number] as Value, node.repeat);
  const own = node.op === 'concat' ? outerOf(graph, node) : product(shape, 0, -1);
  return own * (node.repeat ?? 1) === rows;
}

/** A copy walks to any place, so long as its axes are few. */
function canSpread(graph: Graph, { attributes, inputs, outputs, repeat }: KernelNode, rows: number): boolean {
  const [x, y] = [inputs[0] as number, outputs[0] as number].map((id) => graph.values[id] as Value) as [
    Value,
    Value,
  ];
  const row = sizeOf(y.shape) / rows;
  if (repeat !== undefined || !Number.isInteger(row)) return false;
  return spread(ops.copy.geometry(attributes, [x], [y]), row, 2 * row) !== undefined;
}

/** Rows of an item of a concat. */
function outerOf(graph: Graph, node: KernelNode): number {
  const { axis } = node.attributes as ConcatAttributes;
  return product(itemOf(graph.values[node.outputs[0] as number] as Value, node.repeat).shape, 0, axis);
}

/** Where the inputs of a concat lie, if that is already one beside the other. */
function sideBySide(
  inputs: readonly number[],
  widths: readonly number[],
  of: ReadonlyMap<number, Slice>,
  rows: number,
): Slice | undefined {
  const first = of.get(inputs[0] as number);
  if (first?.rows !== rows) return undefined;
  let start = first.start;
  const beside = inputs.every((id, index) => {
    const place = of.get(id);
    const fits = place?.host === first.host && place.start === start;
    start += widths[index] as number;
    return fits;
  });
  return beside ? first : undefined;
}
