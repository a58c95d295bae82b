import { ModelFileError, NeocogError, show } from '../../errors.js';
import { checkInputShape, type Layer } from '../../layers/layer.js';
import { type Network, networkBuilder } from '../../model/network.js';
import type { Fail } from '../safetensors.js';
import { isKnown, layersOf } from './keras-layers.js';
import type { Topology } from './topology.js';

/** The network of a topology; every rule for layers written by hand holds here too. */
export function buildNetwork({ inputs, calls, outputs }: Topology, fail: Fail): Network {
  const unknown = new Set(calls.filter(({ layer }) => !isKnown(layer)).map(({ layer }) => show(layer.type)));
  if (unknown.size > 0) {
    const hint = unknown.has('"Lambda"') ? ' (a Lambda is program code, which is never run)' : '';
    const few = [...unknown].slice(0, 8);
    fail(`expected layers that this version knows, got ${few.join(', ')}${hint}`);
  }
  try {
    const builder = networkBuilder('modelTopology');
    const sources = new Map<string, number>();
    for (const { name, shape, place } of inputs) {
      const checked = checkInputShape(`input ${show(name)}`, shape, 'its shape (no length may be free)');
      sources.set(place, builder.input(name, checked));
    }
    const made = new Map<string, readonly Layer[]>();
    for (const { layer, sources: places, place } of calls) {
      let ids = places.map((source) => sources.get(source) as number);
      const chain = made.get(layer.name) ?? layersOf(layer, ids.map(builder.shape));
      made.set(layer.name, chain);
      for (const part of chain) ids = [builder.apply(part, ids)];
      sources.set(place, ids[0] as number);
    }
    return builder.finish(outputs.map((place) => sources.get(place) as number));
  } catch (error) {
    if (error instanceof ModelFileError || !(error instanceof NeocogError)) throw error;
    return fail(error.message);
  }
}
