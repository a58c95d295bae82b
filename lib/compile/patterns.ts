import { attributesOf, type Graph, type Node } from '../graph/graph.js';
import type { Activated, Activation } from '../ops/index.js';
import { sameShape } from '../tensor.js';
import { rewrite } from './draft.js';
import { isLinear } from './fuse-activation.js';
import { near, type Reader, reader } from './reader.js';

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
