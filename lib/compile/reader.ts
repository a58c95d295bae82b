import type { Node } from '../graph/graph.js';
import type { Activated, Activation } from '../ops/index.js';
import type { Draft } from './draft.js';
import { isLinear } from './fuse-activation.js';
import { withNumber } from './simplify.js';

export interface Multiple {
  readonly x: number;
  readonly factor: number;
}

/** Steps seen from their results. */
export interface Reader {
  /** All ways to see the result as factor * x: as itself first, then with one number after the other taken off. */
  scaled(id: number): readonly Multiple[];
  /** The result as x + number, where it is such a sum. */
  shifted(id: number): { readonly x: number; readonly number: number } | undefined;
  /** The argument of a function, where the result is one. */
  argument(id: number, activation: Activation, test?: (attributes: Activated) => boolean): number | undefined;
  /** Both operands of a binary step of that kind, in their order. */
  operands(id: number, kind: string): readonly [number, number] | undefined;
  /** The step that makes a value. */
  made(id: number): Node | undefined;
}

export function reader(changed: Draft): Reader {
  const made = (id: number): Node | undefined => {
    const at = changed.maker(id);
    return at === undefined ? undefined : changed.nodes[at];
  };
  const linear = (id: number, kind: string): Node | undefined => {
    const node = made(id);
    const right =
      node?.op === 'binary' && (node.attributes as { kind: string }).kind === kind && isLinear(node);
    return right ? node : undefined;
  };
  const numbered = (id: number, kind: string, commutes: boolean): [number, number] | undefined => {
    const node = linear(id, kind);
    return node && withNumber(node, changed, commutes);
  };
  return {
    made,
    scaled(id) {
      const ways: Multiple[] = [];
      for (let way: Multiple | undefined = { x: id, factor: 1 }; way; ) {
        ways.push(way);
        const product = numbered(way.x, 'multiply', true);
        const step: readonly [number, number] | undefined = product ?? numbered(way.x, 'divide', false);
        way = step && { x: step[0], factor: way.factor * (product ? step[1] : 1 / step[1]) };
      }
      return ways;
    },
    shifted(id) {
      const [x, number] = numbered(id, 'add', true) ?? [];
      return x === undefined || number === undefined ? undefined : { x, number };
    },
    argument(id, activation, test = () => true) {
      const node = made(id);
      const { activation: own } = (node?.attributes ?? {}) as Activated;
      return node?.op === 'unary' && own === activation && test(node.attributes) ? node.inputs[0] : undefined;
    },
    operands(id, kind) {
      const [a, b] = linear(id, kind)?.inputs ?? [];
      return a === undefined || b === undefined ? undefined : [a, b];
    },
  };
}

/** Constants in files are rounded to float32 or written with five digits. */
export function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 2e-5 * Math.abs(b);
}
