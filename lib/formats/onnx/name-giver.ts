import type { Fail } from '../safetensors.js';
import type { ReadContext } from './context.js';
import type { RawGraph } from './raw.js';
import { maxTextBytes } from './wire.js';

/** Gives values names that no other of the graph has: the wanted one, or it with a number. */
export function nameGiver(graph: RawGraph, context: ReadContext): (wanted: string, fail: Fail) => string {
  let taken: Set<string> | undefined;
  let count = 0;
  return (wanted, fail) => {
    taken ??= new Set([
      ...graph.initializers.keys(),
      ...[...graph.inputs, ...graph.outputs].map(({ name }) => name),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
    if (wanted.length > maxTextBytes) fail(`expected names of ${maxTextBytes} characters at most, got more`);
    context.take(2 * wanted.length, fail);
    let name = wanted;
    while (taken.has(name)) name = `${wanted}_${++count}`;
    taken.add(name);
    return name;
  };
}
