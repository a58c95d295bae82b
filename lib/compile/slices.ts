import { type Graph, itemOf, type Value } from '../graph/graph.js';
import { product } from '../ops/check.js';
import { type ConcatAttributes, ops } from '../ops/index.js';
import { sizeOf } from '../tensor.js';
import type { Aliased, KernelNode } from './aliases.js';

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
  /** Inputs that a concat has to copy itself, and where to; a concat that is not here copies all. */
  readonly left: ReadonlyMap<KernelNode, readonly Left[]>;
}

/**
 * Concatenation without copies: who makes an input of a `concat` writes it to its place in the output, where it and all
 * who read it can step over the rest of a row (`Op.pitched`), or where rows are whole samples. The last concat goes first:
 * what it gives a place may be the output of another, and a concat whose inputs already lie side by side is nothing but
 * a part of that memory (a dense block is one long row). `free` tells which values have no memory of their own yet.
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
  return { of, left };
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
  const pitched = ops[node.op].pitched;
  const can = port === 'inputs' ? pitched?.inputs.includes(index) : pitched?.output && index === 0;
  if (node.op !== 'concat' && !can) return false;
  const { shape } = itemOf(graph.values[node[port][index] as number] as Value, node.repeat);
  const own = node.op === 'concat' ? outerOf(graph, node) : product(shape, 0, -1);
  return own * (node.repeat ?? 1) === rows;
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
