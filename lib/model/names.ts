import { OptionError } from '../errors.js';

/** A name that was chosen and is given out by `keep`. */
export interface Chosen {
  readonly name: string;
  keep(): void;
}

/** Names of one model: the asked-for one, or `<type>_<n>` with the next n of that type that is free. */
export function namer(): (path: string, type: string, asked: string | undefined) => Chosen {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return (path, type, asked) => {
    if (asked !== undefined) {
      if (taken.has(asked))
        throw new OptionError(`${path}: expected a name of its own, got "${asked}" again`);
      return { name: asked, keep: () => void taken.add(asked) };
    }
    let count = (counts.get(type) ?? 0) + 1;
    while (taken.has(`${type}_${count}`)) count++;
    const name = `${type}_${count}`;
    return {
      name,
      keep() {
        counts.set(type, count);
        taken.add(name);
      },
    };
  };
}
