import type { Entry } from '../../formats/safetensors.js';
import type { Kind } from './units.js';

/** Tensors of a state_dict that have a name in common: `features.0` has `features.0.weight` and `features.0.bias`. */
export interface Module {
  readonly name: string;
  readonly parts: ReadonlyMap<string, Entry>;
}

/** Whether a tensor is a count of training steps, which inference does not read. */
export function isCount(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

/** The modules of a file by their names, in the order in which the network has them, as far as the file tells. */
export function modulesOf(entries: readonly Entry[]): ReadonlyMap<string, Module> {
  const modules = new Map<string, { name: string; parts: Map<string, Entry> }>();
  for (const entry of inOrder(entries)) {
    const dot = entry.name.lastIndexOf('.');
    const [name, part] = [entry.name.slice(0, Math.max(dot, 0)), entry.name.slice(dot + 1)];
    if (isCount(entry.name)) continue;
    const module = modules.get(name) ?? { name, parts: new Map() };
    module.parts.set(part, entry);
    modules.set(name, module);
  }
  return modules;
}

/**
 * Writers in use sort tensors by name, so that `10` comes before `2`: then numbers in names are counted. In any other order
 * the tensors are taken to lie as the network has them.
 */
function inOrder(entries: readonly Entry[]): readonly Entry[] {
  const stored = entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  const sorted = stored.every((entry, i) => {
    const before = stored[i - 1];
    return !before || before.dtype !== entry.dtype || before.name < entry.name;
  });
  const natural = new Intl.Collator('en', { numeric: true });
  return sorted ? stored.toSorted((a, b) => natural.compare(a.name, b.name)) : stored;
}

/** What kind of module these tensors make. */
export function kindOf({ parts }: Module): Kind | undefined {
  const rank = parts.get('weight')?.shape.length;
  if (parts.has('running_mean') || (rank === 1 && parts.has('bias'))) return 'normalization';
  if (rank === 4) return 'convolution';
  if (rank === 2) return 'linear layer';
  return rank === 1 ? 'PReLU' : undefined;
}
