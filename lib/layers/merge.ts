import type { BinaryAttributes } from '../ops/index.js';
import { integer, readOptions } from '../options.js';
import { showShape } from '../tensor.js';
import { sampleAxis } from './activate.js';
import { common, type Emit, type Layer, type LayerOptions, makeLayer } from './layer.js';

/**
 * The sum of two or more inputs. Only in `model`.
 *
 * Shape: [...], [...], ... -> [...]; dimensions of 1 are repeated.
 * Errors: in a model a ShapeError where shapes differ otherwise.
 */
export function add(options: LayerOptions = {}): Layer {
  return merged('add', options);
}

/** The product of two or more inputs; shapes and errors as for `add`. Only in `model`. */
export function multiply(options: LayerOptions = {}): Layer {
  return merged('multiply', options);
}

function merged(type: 'add' | 'multiply', options: LayerOptions): Layer {
  const given = readOptions(type, options, common);
  const emit: Emit = (scope, inputs) =>
    inputs.reduce((left, right) => {
      const [a, b] = [scope.shape(left), scope.shape(right)];
      if (a.length !== b.length) {
        scope.fail(`expected inputs of equally many dimensions, got ${showShape(a)} and ${showShape(b)}`);
      }
      return scope.node('binary', { kind: type, activation: 'none' } satisfies BinaryAttributes, [
        left,
        right,
      ]);
    });
  return makeLayer(type, given, {}, emit, true);
}

export interface ConcatenateOptions extends LayerOptions {
  /** Counts the batch: -1, the channels. */
  readonly axis?: number | undefined;
}

/**
 * Two or more inputs after each other. Only in `model`.
 *
 * Shape: [..., c1], [..., c2], ... -> [..., c1 + c2 + ...].
 * Errors: OptionError for an axis that is no integer; in a model a ShapeError where shapes differ along another axis.
 */
export function concatenate(options: ConcatenateOptions = {}): Layer {
  const type = 'concatenate';
  const given = readOptions(type, options, ['axis', ...common]);
  const axis = integer(type, 'axis', given.axis, -1);
  return makeLayer(
    type,
    given,
    { axis },
    (scope, inputs) => scope.node('concat', { axis: sampleAxis(scope, inputs[0] as number, axis) }, inputs),
    true,
  );
}
