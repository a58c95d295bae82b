import { show } from '../../errors.js';
import type { Entry, Fail } from '../../formats/safetensors.js';
import { sameShape, showShape } from '../../tensor.js';
import type { Network } from '../network.js';
import { checkFloat } from '../stored-weights.js';
import { kindOf, type Module, modulesOf } from './modules.js';
import { type Piece, type Unit, unitsOf } from './units.js';

/** A weight and the tensor that holds its numbers. */
export interface Match {
  readonly piece: Piece;
  readonly entry: Entry;
}

/** For every weight of the network the tensor of a state_dict; `strict` refuses tensors that nobody takes. */
export function matchModules(
  network: Network,
  entries: readonly Entry[],
  names: ((layer: string) => string | undefined) | undefined,
  strict: boolean,
  fail: Fail,
): readonly Match[] {
  const units = unitsOf(network);
  const modules = modulesOf(entries);
  const byName = names !== undefined || units.some(({ name }) => modules.has(name));
  const choose = byName ? namedModules(modules, names, fail) : orderedModules(modules, fail);
  const left = new Set([...modules.values()].flatMap(({ parts }) => [...parts.values()]));
  const found = units.flatMap((unit) => {
    const module = choose(unit);
    return unit.pieces.map((piece) => {
      const entry = matched(unit, piece, module, fail);
      if (!left.delete(entry)) fail(`tensor ${show(entry.name)}: expected one layer to take it, got two`);
      return { piece, entry };
    });
  });
  const [extra] = left;
  if (strict && extra) {
    fail(
      `expected only tensors of the model's layers, got ${show(extra.name)} too (strict: false ignores these)`,
    );
  }
  return found;
}

function namedModules(
  modules: ReadonlyMap<string, Module>,
  names: ((layer: string) => string | undefined) | undefined,
  fail: Fail,
): (unit: Unit) => Module {
  return ({ name }) => {
    const wanted = names?.(name) ?? name;
    const module = modules.get(wanted);
    return (
      module ?? fail(`layer ${show(name)}: expected tensors ${show(`${wanted}.*`)}, got none of these names`)
    );
  };
}

/** The next module of the unit's kind. */
function orderedModules(modules: ReadonlyMap<string, Module>, fail: Fail): (unit: Unit) => Module {
  const queues = new Map<Unit['kind'] | undefined, Module[]>();
  for (const module of modules.values()) {
    const kind = kindOf(module);
    const queue = queues.get(kind);
    if (queue) queue.push(module);
    else queues.set(kind, [module]);
  }
  const taken = new Map<Unit['kind'], number>();
  return ({ name, kind }) => {
    const index = taken.get(kind) ?? 0;
    taken.set(kind, index + 1);
    const module = queues.get(kind)?.[index];
    return module ?? fail(`layer ${show(name)}: expected a ${kind} more than the ${index} in the file`);
  };
}

function matched({ name }: Unit, { part, shape }: Piece, module: Module, fail: Fail): Entry {
  const who = `layer ${show(name)}`;
  const full = module.name === '' ? part : `${module.name}.${part}`;
  const entry = module.parts.get(part);
  if (!entry) return fail(`${who}: expected a tensor ${show(full)}, got none of that name`);
  // A PReLU of PyTorch may have one number for all channels.
  const single = part === 'weight' && shape.length === 1 && sameShape(entry.shape, [1]);
  if (!sameShape(entry.shape, shape) && !single) {
    fail(
      `${who}: expected tensor ${show(full)} of PyTorch's shape ${showShape(shape)}, got ${showShape(entry.shape)}`,
    );
  }
  checkFloat(entry, fail);
  return entry;
}
