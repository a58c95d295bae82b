import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { BinaryAttributes, ConcatAttributes, CopyAttributes } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';
import { withNumber } from './simplify.js';

/**
 * What is taken apart along an axis, each part multiplied and shifted by numbers, and put together again in its order is
 * x a + b: the colours of a picture brought from one range to another.
 */
export function joinSlices(graph: Graph): Graph {
  return rewrite(graph, ['concat'], (node, index, changed) => {
    if (node.op !== 'concat' || node.repeat !== undefined) return;
    const { axis } = node.attributes as ConcatAttributes;
    const y = node.outputs[0] as number;
    const parts = node.inputs.map((id) => partOf(id, axis, changed));
    const x = wholeOf(parts);
    const slot = changed.maker(node.inputs[0] as number);
    if (x === undefined || slot === undefined || !changed.readOnce(node.inputs[0] as number)) return;
    const { shape } = changed.value(x);
    if (!sameShape(shape, changed.value(y).shape)) return;
    const lengths = shape.map((length, i) => (i === axis ? length : 1));
    const numbers = (name: 'scale' | 'shift'): number => {
      const each = parts.flatMap((part) => (part ? Array<number>(part.size).fill(part[name]) : []));
      return changed.constant(`${node.name}/${name}`, lengths, Float32Array.from(each));
    };
    const product = changed.like(y);
    const step = (kind: string, inputs: readonly number[], output: number): Node => ({
      ...node,
      op: 'binary',
      attributes: attributesOf({ kind }),
      inputs,
      outputs: [output],
    });
    changed.set(slot, step('multiply', [x, numbers('scale')], product));
    changed.set(index, step('add', [product, numbers('shift')], y));
  });
}

/** `size` of the places along an axis of x from `begin` on, times scale plus shift. */
interface Part {
  readonly x: number;
  readonly begin: number;
  readonly size: number;
  readonly scale: number;
  readonly shift: number;
}

/** What the parts are one after the other. */
function wholeOf(parts: readonly (Part | undefined)[]): number | undefined {
  const x = parts[0]?.x;
  let end = 0;
  for (const part of parts) {
    if (part?.x !== x || part?.begin !== end) return undefined;
    end += part.size;
  }
  return x;
}

function partOf(id: number, axis: number, changed: Draft): Part | undefined {
  const { shape } = changed.value(id);
  let [at, scale, shift] = [id, 1, 0];
  for (;;) {
    const made = changed.maker(at);
    const node = made === undefined ? undefined : changed.nodes[made];
    if (!node || node.repeat !== undefined) return undefined;
    if (node.op === 'copy') return sliceOf(node, shape, axis, scale, shift, changed);
    if (node.op === 'binary') {
      const { kind } = node.attributes as BinaryAttributes;
      const [x, k] = withNumber(node, changed, kind === 'add' || kind === 'multiply') ?? [];
      const line = x === undefined || k === undefined || !isLinear(node) ? undefined : lines[kind]?.(k);
      if (x === undefined || !line) return undefined;
      shift += scale * line[1];
      scale *= line[0];
      at = x;
    } else if (node.op === 'reshape') at = node.inputs[0] as number;
    else return undefined;
  }
}

/** Slope and intercept. */
const lines: Readonly<Record<string, ((k: number) => readonly [number, number]) | undefined>> = {
  add: (k) => [1, k],
  subtract: (k) => [1, -k],
  multiply: (k) => [k, 0],
  divide: (k) => [1 / k, 0],
};

/** A slice along one axis alone, of the shape that reached the concatenation through all reshapes. */
function sliceOf(
  { attributes, inputs, outputs }: Node,
  shape: readonly number[],
  axis: number,
  scale: number,
  shift: number,
  { value }: Draft,
): Part | undefined {
  const slice = attributes as CopyAttributes;
  if (slice.kind !== 'slice' || slice.step?.some((step) => step !== 1)) return undefined;
  const x = inputs[0] as number;
  const whole = value(x).shape.every((length, i) => i === axis || slice.size[i] === length);
  const numbers = Number.isFinite(Math.fround(scale)) && Number.isFinite(Math.fround(shift));
  if (!whole || !numbers || value(x).data || !sameShape(value(outputs[0] as number).shape, shape)) {
    return undefined;
  }
  return { x, begin: slice.begin[axis] as number, size: slice.size[axis] as number, scale, shift };
}
