import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';
import { isObject } from './json-object.js';

/** What call number `node` of a layer gives. */
export interface Place {
  readonly layer: string;
  readonly node: number;
}

/** Arguments are lists of tensors, in lists at most. */
const maxDepth = 4;

/**
 * `inbound_nodes` of a layer: for each call the places it reads. Keras 2 writes [[name, node, tensor, options], ...] for a
 * call, Keras 3 { args, kwargs } with tensors that know where they come from.
 */
export function readCalls(calls: readonly unknown[], fail: Fail): readonly (readonly Place[])[] {
  return calls.map((call) => {
    if (Array.isArray(call)) return readPlaces(call, fail);
    if (!isObject(call) || !Object.hasOwn(call, 'args')) {
      return fail(`expected inbound_nodes to hold calls, got ${show(call)}`);
    }
    const places: Place[] = [];
    collect(call.args, places, 0, fail);
    return places;
  });
}

/** A list of places, or a single one. */
export function readPlaces(list: readonly unknown[], fail: Fail): readonly Place[] {
  return typeof list[0] === 'string' ? [readPlace(list, fail)] : list.map((item) => readPlace(item, fail));
}

function collect(value: unknown, places: Place[], depth: number, fail: Fail): void {
  if (depth > maxDepth) fail(`expected arguments nested ${maxDepth} deep at most`);
  if (Array.isArray(value)) {
    for (const item of value) collect(item, places, depth + 1, fail);
  } else if (isObject(value) && value.class_name === '__keras_tensor__' && isObject(value.config)) {
    places.push(readPlace(value.config.keras_history, fail));
  } else {
    fail(`expected arguments to be tensors, got ${show(value)}`);
  }
}

function readPlace(value: unknown, fail: Fail): Place {
  const [layer, node, tensor] = Array.isArray(value) ? value : [];
  if (typeof layer !== 'string' || !Number.isSafeInteger(node) || node < 0 || tensor !== 0) {
    return fail(`expected [layer, call, 0] as the source of a layer, got ${show(value)}`);
  }
  return { layer, node };
}
