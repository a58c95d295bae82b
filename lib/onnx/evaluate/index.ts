import { arithmetic, linears } from './arithmetic.js';
import { bitCasts, casts } from './cast.js';
import { type Evaluator, settled } from './known.js';
import { choices, logic } from './logic.js';
import { movements } from './movement.js';
import { pads } from './pad.js';
import { products } from './product.js';
import { reduces } from './reduce.js';
import { gathers, scatters } from './scatter.js';
import { searches } from './search.js';
import { shapes } from './shape.js';
import { slices } from './slices.js';
import { unary } from './unary.js';

export type { Evaluator } from './known.js';

/** Operators that compute with numbers that depend on the batch; all others refuse them. */
const carrying = {
  ...shapes,
  ...casts,
  ...movements,
  ...slices,
  ...linears,
  ...choices,
  ...gathers,
  ...pads,
};

const settling = {
  ...arithmetic,
  ...logic,
  ...unary,
  ...bitCasts,
  ...reduces,
  ...scatters,
  ...searches,
  ...products,
};

const refusing =
  (evaluate: Evaluator): Evaluator =>
  (scope, inputs) => {
    for (const input of inputs) if (input) settled(scope, input);
    return evaluate(scope, inputs);
  };

/** What is computed at import by ONNX's name: nodes of which all inputs are known. */
export const evaluators: ReadonlyMap<string, Evaluator> = new Map([
  ...Object.entries(carrying),
  ...Object.entries(settling).map(([op, evaluate]): [string, Evaluator] => [op, refusing(evaluate)]),
]);
