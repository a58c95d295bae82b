import { OptionError, show } from '../errors.js';
import { list, positiveInteger, readOptions } from '../options.js';
import { common, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface PermuteOptions extends LayerOptions {
  /** The new order of the axes, counting the batch, which stays first: [2, 1] swaps the two axes of a matrix. */
  readonly dims: readonly number[];
}

/**
 * Axes in another order.
 *
 * Shape: [d1, d2, ...] -> [d of dims[0], d of dims[1], ...].
 * Errors: OptionError where dims is not a permutation of 1..n; in a model a ShapeError where n is not the number of
 * dimensions of a sample.
 */
export function permute(options: PermuteOptions): Layer {
  const type = 'permute';
  const given = readOptions(type, options, ['dims', ...common]);
  const dims = list(type, 'dims', given.dims).map((axis, i) => positiveInteger(type, `dims[${i}]`, axis));
  const sorted = dims.toSorted((a, b) => a - b);
  if (dims.length === 0 || sorted.some((axis, i) => axis !== i + 1)) {
    throw new OptionError(
      `${type}: expected dims to hold each of 1..${dims.length || 'n'} once, got ${show(dims)}`,
    );
  }
  return makeLayer(type, given, { dims }, (scope, [x = 0]) => {
    const shape = scope.shape(x);
    if (shape.length !== dims.length) {
      scope.fail(
        `expected an input of ${dims.length} dimensions without the batch, got [${shape.join(', ')}]`,
      );
    }
    return scope.node('copy', { kind: 'permute', axes: dims.map((axis) => axis - 1) }, [x]);
  });
}
