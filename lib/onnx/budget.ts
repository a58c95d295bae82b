import { sizeOf } from '../tensor.js';
import type { NodeScope } from './node-scope.js';
import type { Known } from './value.js';

/** Elements that a file may have computed at import whatever it holds: 64 MiB of float32. */
const freeElements = 2 ** 24;
/** And for each element that it holds: weights are cast, transposed and scaled on their way. */
const perElement = 8;
/** Elements of all fillings, which take memory as weights only: 1 GiB of float32, nearly twice the weights of VGG. */
const filledElements = 2 ** 28;

/** Counts what the nodes of one import have computed; throws a ModelFileError that names the node which asks for too much. */
export type Budget = (
  scope: NodeScope,
  inputs: readonly (Known | undefined)[],
  results: readonly Known[],
) => void;

/** `given`: how many elements the initializers and the known inputs have. */
export function newBudget(given: number): Budget {
  let left = freeElements + perElement * given;
  let unfilled = filledElements;
  return (scope, inputs, results) => {
    for (const result of results) {
      if (result.filling) {
        unfilled -= sizeOf(result.shape);
        continue;
      }
      const { data } = result;
      // What is given on, or stands in the file, takes no new memory.
      if (inputs.some((input) => input?.data === data)) continue;
      left += scope.op === 'Constant' ? perElement * data.length : -data.length;
    }
    if (left < 0 || unfilled < 0)
      scope.fail('expected constants in reasonable proportion to the file, got too many elements');
  };
}
