import type { GraphBuilder } from '../graph/builder.js';
import type { Graph, Value } from '../graph/graph.js';
import { sameShape } from '../tensor.js';
import { type Constant, evaluate } from './evaluate.js';
import { natural, type Order, sameMemory, widened } from './orders.js';

/** A value of the new graph that holds a value of the old one, its axes in some order. */
export interface Placed {
  readonly id: number;
  readonly order: Order;
}

/** Where the values of the old graph are in the new one. */
export interface Placement {
  /** Where a value is now. */
  of(id: number): Placed;
  put(id: number, placed: Placed): void;
  /**
   * The value with its axes in `order`, which may have more axes: those in front have length 1. Moves memory only where
   * it must, constants now and all else in a step of the graph; once for each order.
   */
  bring(id: number, order: Order): number;
  /** Another shape for the same memory. */
  reshaped(placed: number, shape: readonly number[]): number;
}

export function placement(graph: Graph, builder: GraphBuilder): Placement {
  const places = new Map<number, Placed>();
  /** What has been moved, by source and permutation, and where it came from: a second move starts at the source. */
  const moved = new Map<string, number>();
  const sources = new Map<number, { readonly id: number; readonly axes: readonly number[] }>();
  const value = (id: number): Value => graph.values[id] as Value;

  const once = (key: string, make: () => number): number => {
    const id = moved.get(key) ?? make();
    moved.set(key, id);
    return id;
  };

  const of = (id: number): Placed => {
    const found = places.get(id);
    if (found) return found;
    const { name, shape, data } = value(id);
    if (!data) throw new Error(`layout: expected value ${id} (${name}) to be made before it is read`);
    const placed = { id: builder.constant(name, shape, data), order: natural(shape.length) };
    places.set(id, placed);
    return placed;
  };

  const reshaped = (id: number, shape: readonly number[]): number => {
    const { name, shape: old, data } = builder.value(id);
    if (sameShape(old, shape)) return id;
    return once(`${id}:${shape.join('x')}`, () =>
      data
        ? builder.constant(name, shape, data)
        : (builder.node('reshape', name, { shape }, [id])[0] as number),
    );
  };

  /** Axis j of the result is axis `axes[j]` of the value. */
  const permuted = (id: number, axes: readonly number[]): number => {
    const source = sources.get(id);
    const [from, all] = source ? [source.id, axes.map((axis) => source.axes[axis] as number)] : [id, axes];
    if (all.every((axis, j) => axis === j)) return from;
    return once(`${from}:${all.join()}`, () => {
      const old = builder.value(from);
      const attributes = { kind: 'permute', axes: all };
      if (old.data) {
        const [{ shape, data }] = evaluate('copy', attributes, [{ shape: old.shape, data: old.data }]) as [
          Constant,
        ];
        return builder.constant(old.name, shape, data);
      }
      const [made] = builder.node('copy', old.name, attributes, [from]) as [number];
      sources.set(made, { id: from, axes: all });
      return made;
    });
  };

  const bring = (id: number, order: Order): number => {
    const placed = of(id);
    const missing = order.length - placed.order.length;
    const shape = [...natural(missing).map(() => 1), ...value(id).shape];
    const memory = order.map((axis) => shape[axis] as number);
    if (sameMemory(shape, widened(placed.order, missing), order)) return reshaped(placed.id, memory);
    const target = order.filter((axis) => axis >= missing).map((axis) => axis - missing);
    const axes = target.map((axis) => placed.order.indexOf(axis));
    return reshaped(permuted(placed.id, axes), memory);
  };

  return { of, put: (id, placed) => places.set(id, placed), bring, reshaped };
}
