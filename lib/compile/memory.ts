import type { Graph, Value } from '../graph/graph.js';
import type { Ref } from '../graph/plan.js';
import { ops } from '../ops/index.js';
import { sizeOf } from '../tensor.js';
import type { Aliased, KernelNode } from './aliases.js';
import { arena, type Lifetime } from './arena.js';

/** Where every value lies. */
export interface Memory {
  ref(id: number): Ref;
  readonly constants: readonly Float32Array[];
  readonly sampleArena: number;
  readonly sharedArena: number;
  /** Outputs that are no memory of their own: an input, a constant, or the same value as another output. */
  readonly copies: readonly { readonly from: Ref; readonly to: Ref }[];
}

/**
 * Inputs are read and outputs are written where the caller has them; all else that steps make lies in two arenas, one
 * of sample and one of shared values. A value may take the place of an input of an op that allows it, if
 * that is read there for the last time.
 */
export function memory(graph: Graph, { nodes, root }: Aliased): Memory {
  const refs = new Map<number, Ref>();
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const value = (id: number): Value => graph.values[id] as Value;
  const place = (id: number, space: Ref['space'], index: number, offset = 0): Ref => {
    const { shape, perSample } = value(id);
    return { space, index, offset, size: sizeOf(shape), perSample };
  };

  for (const [index, id] of graph.inputs.entries()) refs.set(id, place(id, 'input', index));
  const constants: Float32Array[] = [];
  const read = [...nodes.flatMap((node) => node.inputs), ...graph.outputs].map(root);
  for (const id of new Set(read)) {
    const { data } = value(id);
    if (data) refs.set(id, place(id, 'constant', constants.push(data) - 1));
  }
  const copied: { id: number; to: Ref }[] = [];
  graph.outputs.forEach((id, index) => {
    const to = place(id, 'output', index);
    if (made.has(root(id)) && !refs.has(root(id))) refs.set(root(id), to);
    else copied.push({ id: root(id), to });
  });

  const lasts = lastReads(nodes, root);
  const { hosts, lifetimes } = share(nodes, root, lasts, (id) => !refs.has(id), value);
  const arenas = [true, false].map((perSample) =>
    arena(lifetimes.filter(({ id }) => value(id).perSample === perSample)),
  );
  const [sample, shared] = arenas as [ReturnType<typeof arena>, ReturnType<typeof arena>];
  for (const [id, host] of hosts) {
    const { perSample } = value(id);
    const offset = (perSample ? sample : shared).offsets.get(host) as number;
    refs.set(id, place(id, perSample ? 'sample' : 'shared', 0, offset));
  }

  const ref = (id: number): Ref => refs.get(root(id)) as Ref;
  const copies = copied.map(({ id, to }) => ({ from: ref(id), to }));
  return { ref, constants, sampleArena: sample.size, sharedArena: shared.size, copies };
}

/** The last step that reads a value. */
function lastReads(nodes: readonly KernelNode[], root: Aliased['root']): ReadonlyMap<number, number> {
  return new Map(nodes.flatMap((node, step) => node.inputs.map((id): [number, number] => [root(id), step])));
}

/** Which values share memory (`hosts`: value -> the first one in that memory), and how long each memory is needed. */
function share(
  nodes: readonly KernelNode[],
  root: Aliased['root'],
  lasts: ReadonlyMap<number, number>,
  inArena: (id: number) => boolean,
  value: (id: number) => Value,
) {
  const hosts = new Map<number, number>();
  const lifetimes = new Map<number, Lifetime>();
  nodes.forEach((node, step) => {
    const inputs = node.inputs.map(root);
    /** The input whose memory output `id` takes over. */
    const taken = (id: number): number | undefined =>
      ops[node.op].inPlace
        ?.map((at) => inputs[at])
        .find(
          (source) =>
            source !== undefined &&
            hosts.has(source) &&
            lasts.get(source) === step &&
            inputs.indexOf(source) === inputs.lastIndexOf(source) &&
            value(id).perSample === value(source).perSample &&
            sizeOf(value(id).shape) === sizeOf(value(source).shape),
        );
    node.outputs.forEach((id, index) => {
      if (!inArena(id)) return;
      const last = lasts.get(id) ?? step;
      const source = index === 0 ? taken(id) : undefined;
      const host = source === undefined ? undefined : hosts.get(source);
      if (host !== undefined) {
        hosts.set(id, host);
        lifetimes.set(host, { ...(lifetimes.get(host) as Lifetime), last });
      } else {
        hosts.set(id, id);
        lifetimes.set(id, { id, size: sizeOf(value(id).shape), first: step, last });
      }
    });
  });
  return { hosts, lifetimes: [...lifetimes.values()] };
}
