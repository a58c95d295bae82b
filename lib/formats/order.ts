import { show } from '../errors.js';
import type { Fail } from './safetensors.js';

/** What reads and makes named values; '' is the name of none. */
export interface Step {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * The nodes in an order in which they can run, theirs if it is one: whoever makes a value comes before who reads it.
 * Values that no node makes are not looked at here.
 */
export function inOrder<S extends Step>(nodes: readonly S[], fail: Fail): readonly S[] {
  const makers = new Map<string, number>();
  for (const [i, { outputs }] of nodes.entries()) {
    for (const output of outputs) if (output !== '') makers.set(output, i);
  }
  const ordered: S[] = [];
  const state = new Uint8Array(nodes.length);
  const [waiting, done] = [1, 2];
  // A stack of its own: a chain of 100,000 nodes in reverse would end that of the language.
  const stack: { readonly node: number; next: number }[] = [];
  for (let first = 0; first < nodes.length; first++) {
    if (state[first] !== done) stack.push({ node: first, next: 0 });
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { inputs, op, name } = nodes[top.node] as S;
      state[top.node] = waiting;
      const input = inputs[top.next++];
      if (input === undefined) {
        state[top.node] = done;
        ordered.push(nodes[top.node] as S);
        stack.pop();
        continue;
      }
      const maker = makers.get(input);
      if (maker === undefined || state[maker] === done) continue;
      if (state[maker] === waiting) {
        fail(
          `node ${top.node} (${op} ${show(name)}): expected no circle of nodes, got one through ${show(input)}`,
        );
      }
      stack.push({ node: maker, next: 0 });
    }
  }
  return ordered;
}
