import type { Graph, Value } from '../graph/graph.js';
import type { Plan, Ref } from '../graph/plan.js';
import { ops } from '../ops/index.js';
import { sizeOf } from '../tensor.js';
import type { Aliased, KernelNode } from './aliases.js';
import { arena, type Lifetime } from './arena.js';
import { type Slice, type Slices, slices, stepsOver } from './slices.js';
import type { Strip } from './strips.js';

/** A value that has to be copied to another place. */
export interface Move {
  readonly from: Ref;
  readonly to: Ref;
}

/** Where every value lies. */
export interface Memory {
  refs(node: KernelNode): { readonly inputs: readonly Ref[]; readonly outputs: readonly Ref[] };
  /** What is left of a `concat` whose inputs were made in their place; undefined where it copies them all. */
  moves(node: KernelNode): readonly Move[] | undefined;
  readonly constants: Plan['constants'];
  readonly sampleArena: number;
  readonly sharedArena: number;
  /** Outputs that are no memory of their own: an input, a constant, or the same value as another output. */
  readonly copies: readonly Move[];
}

/** The memory of a value that lies in no other. */
type Place = Pick<Ref, 'space' | 'index' | 'offset'>;

/**
 * Inputs are read and outputs are written where the caller has them; all else that steps make lies in two arenas, one
 * of sample and one of shared values, or in a part of a bigger value (slices.ts). A value may take the place of an input
 * of an op that allows it, if that is read there for the last time. Nodes of one strip run at the same time.
 */
export function memory(graph: Graph, aliased: Aliased, strips: readonly Strip[]): Memory {
  const { nodes, root } = aliased;
  const places = new Map<number, Place>();
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const value = (id: number): Value => graph.values[id] as Value;

  for (const [index, id] of graph.inputs.entries()) places.set(id, { space: 'input', index, offset: 0 });
  const constants: Plan['constants'][number][] = [];
  const read = [...nodes.flatMap((node) => node.inputs), ...graph.outputs].map(root);
  for (const id of new Set(read)) {
    const { data, scaled = data } = value(id);
    if (scaled) places.set(id, { space: 'constant', index: constants.push(scaled) - 1, offset: 0 });
  }
  const copied: { id: number; index: number }[] = [];
  graph.outputs.forEach((id, index) => {
    if (made.has(root(id)) && !places.has(root(id)))
      places.set(root(id), { space: 'output', index, offset: 0 });
    else copied.push({ id: root(id), index });
  });

  const parts = slices(graph, aliased, (id) => made.has(id) && !places.has(id));
  const { hosts, lifetimes } = share(nodes, strips, root, parts, (id) => !places.has(id), value);
  const arenas = [true, false].map((perSample) =>
    arena(lifetimes.filter(({ id }) => value(id).perSample === perSample)),
  );
  const [sample, shared] = arenas as [ReturnType<typeof arena>, ReturnType<typeof arena>];
  for (const [id, host] of hosts) {
    const { perSample } = value(id);
    const offset = (perSample ? sample : shared).offsets.get(host) as number;
    places.set(id, { space: perSample ? 'sample' : 'shared', index: 0, offset });
  }

  const refIn = (id: number, slice: Slice | undefined, stepsOverRows: boolean): Ref => {
    const { shape, perSample } = value(id);
    const size = sizeOf(shape);
    if (!slice) return { ...(places.get(id) as Place), start: 0, size, stride: size, pitch: 0, perSample };
    const { host, start, rows } = slice;
    const stride = sizeOf(value(host).shape);
    const pitch = stepsOverRows ? stride / rows : 0;
    return { ...(places.get(host) as Place), start, size, stride, pitch, perSample: true };
  };
  const refs = (node: KernelNode, port: 'inputs' | 'outputs'): Ref[] =>
    node[port].map((given, index) => {
      const slice = parts.of.get(root(given));
      return refIn(
        root(given),
        slice,
        slice !== undefined && stepsOver(graph, { node, port, index }, slice.rows),
      );
    });
  const ref = (id: number): Ref => refIn(id, parts.of.get(id), false);

  return {
    refs: (node) => ({ inputs: refs(node, 'inputs'), outputs: refs(node, 'outputs') }),
    moves: (node) =>
      parts.left.get(node)?.map(({ index, slice, size }) => ({
        from: refs(node, 'inputs')[index] as Ref,
        to: { ...refIn(root(node.inputs[index] as number), slice, true), size },
      })),
    constants,
    sampleArena: sample.size,
    sharedArena: shared.size,
    copies: copied.map(({ id, index }) => {
      const size = sizeOf(value(id).shape);
      const { perSample } = value(id);
      return {
        from: ref(id),
        to: { space: 'output', index, offset: 0, start: 0, size, stride: size, pitch: 0, perSample },
      };
    }),
  };
}

/** The last step until which a value is read, or another one that lies in the same memory. */
function lastReads(
  nodes: readonly KernelNode[],
  strips: readonly Strip[],
  root: Aliased['root'],
  hostOf: (id: number) => number,
): ReadonlyMap<number, number> {
  return new Map(
    nodes.flatMap((node, step) =>
      node.inputs.map((id): [number, number] => [hostOf(root(id)), (strips[step] as Strip).last]),
    ),
  );
}

/**
 * Which values share memory (`hosts`: value -> the first one in that memory), and how long each memory is needed. Parts
 * of a bigger value are not listed: they need its memory.
 */
function share(
  nodes: readonly KernelNode[],
  strips: readonly Strip[],
  root: Aliased['root'],
  { of }: Slices,
  inArena: (id: number) => boolean,
  value: (id: number) => Value,
) {
  const hostOf = (id: number): number => of.get(id)?.host ?? id;
  const lasts = lastReads(nodes, strips, root, hostOf);
  const hosts = new Map<number, number>();
  const lifetimes = new Map<number, Lifetime>();
  nodes.forEach((node, step) => {
    const inputs = node.inputs.map(root);
    const { first, last: end } = strips[step] as Strip;
    /** All that is read while this step runs. */
    const memories = nodes
      .slice(first, end + 1)
      .flatMap((beside) => beside.inputs.map((id) => hostOf(root(id))));
    /** The input whose memory output `id` takes over. */
    const taken = (id: number): number | undefined =>
      ops[node.op].inPlace
        ?.map((at) => inputs[at])
        .find(
          (source) =>
            source !== undefined &&
            hosts.has(source) &&
            lasts.get(source) === end &&
            memories.indexOf(source) === memories.lastIndexOf(source) &&
            value(id).perSample === value(source).perSample &&
            sizeOf(value(id).shape) === sizeOf(value(source).shape),
        );
    node.outputs.forEach((made, index) => {
      const id = hostOf(made);
      if (!inArena(id) || hosts.has(id)) return;
      const last = lasts.get(id) ?? end;
      const source = index === 0 && id === made ? taken(id) : undefined;
      const host = source === undefined ? undefined : hosts.get(source);
      if (host !== undefined) {
        hosts.set(id, host);
        lifetimes.set(host, { ...(lifetimes.get(host) as Lifetime), last });
      } else {
        hosts.set(id, id);
        lifetimes.set(id, { id, size: sizeOf(value(id).shape), first, last });
      }
    });
  });
  return { hosts, lifetimes: [...lifetimes.values()] };
}
