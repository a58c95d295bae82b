import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { Activated, Activation } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { type Draft, rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';
import { withNumber } from './simplify.js';

/**
 * Functions spelled in several steps become one: x sigmoid(x), x hardsigmoid(x), x relu6(x + 3) / 6, relu6(x + 3) / 6,
 * x (1 + erf(x / sqrt 2)) / 2, its tanh form, and x tanh(softplus(x)), with their factors anywhere. Steps in between
 * that others read stay for them.
 */
export function recognise(graph: Graph): Graph {
  return rewrite(graph, ['binary'], (node, index, changed) => {
    if (node.op !== 'binary' || !isLinear(node)) return;
    const found = productOf(node, reader(changed));
    if (!found || !sameShape(changed.value(found.x).shape, changed.value(node.outputs[0] as number).shape))
      return;
    changed.set(index, {
      ...node,
      op: 'unary',
      attributes: attributesOf(found.attributes),
      inputs: [found.x],
    });
  });
}

interface Found {
  readonly x: number;
  readonly attributes: Activated;
}

interface Multiple {
  readonly x: number;
  readonly factor: number;
}

/** Steps seen from their results. */
interface Reader {
  /** All ways to see the result as factor * x: as itself first, then with one number after the other taken off. */
  scaled(id: number): readonly Multiple[];
  /** The result as x + number, where it is such a sum. */
  shifted(id: number): { readonly x: number; readonly number: number } | undefined;
  /** The argument of a function, where the result is one. */
  argument(id: number, activation: Activation, test?: (attributes: Activated) => boolean): number | undefined;
  /** Both operands of a sum or product. */
  operands(id: number, kind: string): readonly [number, number] | undefined;
}

function reader(changed: Draft): Reader {
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
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 2e-5 * Math.abs(b);
}

/** The function that a product is: factor u, or factor u v where v is a function of u. */
function productOf({ outputs }: Node, read: Reader): Found | undefined {
  for (const { x: inner, factor } of read.scaled(outputs[0] as number)) {
    const ramp = near(factor, 1 / 6) ? rampOf(inner, read) : undefined;
    if (ramp !== undefined) {
      return { x: ramp, attributes: { activation: 'hardsigmoid', alpha: 1 / 6, beta: 0.5 } };
    }
    const [a, b] = read.operands(inner, 'multiply') ?? [];
    if (a === undefined || b === undefined) continue;
    const found = gated(a, b, factor, read) ?? gated(b, a, factor, read);
    if (found) return found;
  }
  return undefined;
}

/** factor a b, where b is a function of a. */
function gated(a: number, b: number, factor: number, read: Reader): Found | undefined {
  const ways = read.scaled(a);
  for (const v of read.scaled(b)) {
    for (const { activation, factor: own, of } of gates) {
      const x = of(v.x, read);
      const u = x === undefined ? undefined : ways.find((way) => way.x === x);
      if (u && near(factor * u.factor * v.factor, own)) return { x: u.x, attributes: { activation } };
    }
  }
  return undefined;
}

/** A function v(x) with x v(x) factor = activation(x); `of` gives x where the result is such a v. */
interface Gate {
  readonly activation: Activation;
  readonly factor: number;
  of(id: number, read: Reader): number | undefined;
}

/** relu6(x + 3) */
const rampOf: Gate['of'] = (id, read) => {
  const sum = read.argument(id, 'relu', ({ beta }) => beta === 6);
  const shifted = sum === undefined ? undefined : read.shifted(sum);
  return shifted?.number === 3 ? shifted.x : undefined;
};

/** x of factor * x */
function unscaled(id: number, factor: number, read: Reader): number | undefined {
  return read.scaled(id).find((way) => near(way.factor, factor))?.x;
}

/** sqrt(2 / pi) (x + 0.044715 x x x) */
const cubicOf: Gate['of'] = (id, read) => {
  const sum = unscaled(id, Math.sqrt(2 / Math.PI), read);
  const [a, b] = (sum === undefined ? undefined : read.operands(sum, 'add')) ?? [];
  if (a === undefined || b === undefined) return undefined;
  const isCubeOf = (x: number, cube: number): boolean => isCube(unscaled(cube, 0.044715, read), x, read);
  return isCubeOf(a, b) ? a : isCubeOf(b, a) ? b : undefined;
};

function isCube(id: number | undefined, x: number, read: Reader): boolean {
  const [p, q] = (id === undefined ? undefined : read.operands(id, 'multiply')) ?? [];
  const isSquare = (of: number | undefined): boolean =>
    of !== undefined && (read.operands(of, 'multiply')?.every((one) => one === x) ?? false);
  return (p === x && isSquare(q)) || (q === x && isSquare(p));
}

/** `1 + function(argument)`, read as the argument. */
const onePlus = (activation: Activation, id: number, read: Reader): number | undefined => {
  const sum = read.shifted(id);
  return sum?.number === 1 ? read.argument(sum.x, activation) : undefined;
};

const gates: readonly Gate[] = [
  { activation: 'swish', factor: 1, of: (id, read) => read.argument(id, 'sigmoid') },
  {
    activation: 'hardswish',
    factor: 1,
    of: (id, read) =>
      read.argument(id, 'hardsigmoid', ({ alpha = 0, beta = 0 }) => near(alpha, 1 / 6) && near(beta, 0.5)),
  },
  { activation: 'hardswish', factor: 1 / 6, of: rampOf },
  {
    activation: 'gelu',
    factor: 0.5,
    of: (id, read) => {
      const argument = onePlus('erf', id, read);
      return argument === undefined ? undefined : unscaled(argument, Math.SQRT1_2, read);
    },
  },
  {
    activation: 'gelutanh',
    factor: 0.5,
    of: (id, read) => {
      const argument = onePlus('tanh', id, read);
      return argument === undefined ? undefined : cubicOf(argument, read);
    },
  },
  {
    activation: 'mish',
    factor: 1,
    of: (id, read) => {
      const inner = read.argument(id, 'tanh');
      return inner === undefined ? undefined : read.argument(inner, 'softplus');
    },
  },
];
