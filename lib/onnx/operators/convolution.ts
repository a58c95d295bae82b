import { convolve } from '../emit/convolve.js';
import { type Emitter, fixed, rankOf } from '../emitter.js';
import type { NodeScope } from '../node-scope.js';
import type { Value } from '../value.js';
import { transposed } from './convolution-transposed.js';
import type { Rule } from './rule.js';
import { groupsOf, windowOf } from './window.js';

/** x [n, c, ...], weights [m, c / group, ...k], bias [m] -> [n, m, ...] */
const conv: Rule = (emit, scope) => {
  const x = emit.flow(0);
  const weights = weightsOf(emit, scope, rankOf(x));
  const spatial = x.shape.slice(2).map(fixed);
  return [
    convolve(emit, {
      x,
      weights,
      bias: emit.inputs[2],
      groups: groupsOf(scope),
      window: windowOf(scope, spatial, weights.shape.slice(2).map(fixed)),
    }),
  ];
};

/** Input 1, of the rank of x; `kernel_shape` says the same, if it is there. */
function weightsOf(emit: Emitter, scope: NodeScope, rank: number): Value {
  const weights = emit.input(1);
  if (rankOf(weights) !== rank) {
    scope.fail(`expected weights of ${rank} axes, got [${weights.shape.join(', ')}]`);
  }
  const kernel = weights.shape.slice(2);
  const said = scope.ints('kernel_shape', kernel.map(fixed));
  if (said.join() !== kernel.join()) {
    scope.fail(`expected kernel_shape to be [${kernel.join(', ')}], got [${said.join(', ')}]`);
  }
  return weights;
}

/** x [n, c, ...], weights [c, m / group, ...k], bias [m] -> [n, m, ...] */
const convTranspose: Rule = (emit, scope) => {
  const x = emit.flow(0, 3);
  return [transposed(emit, scope, x, weightsOf(emit, scope, rankOf(x)))];
};

export const convolution: Readonly<Record<string, Rule>> = { Conv: conv, ConvTranspose: convTranspose };
