import { OptionError, ShapeError, show } from '../errors.js';
import { finite, list, positiveInteger, readOptions } from '../options.js';
import { maxRank, sizeOf } from '../tensor.js';
import { common, type Layer, type LayerOptions, makeLayer } from './layer.js';

/** One axis of all numbers of a sample, in their order (height, width, channels). Shape: [a, b, ...] -> [a b ...]. */
export function flatten(options: LayerOptions = {}): Layer {
  const type = 'flatten';
  return makeLayer(type, readOptions(type, options, common), {}, (scope, [x = 0]) =>
    scope.node('reshape', { shape: [sizeOf(scope.shape(x))] }, [x]),
  );
}

export interface ReshapeOptions extends LayerOptions {
  /** Without the batch; one dimension may be -1 and is inferred. */
  readonly targetShape: readonly number[];
}

/**
 * The same numbers in another shape.
 *
 * Shape: [...] -> targetShape, with as many elements.
 * Errors: OptionError for dimensions that are neither positive nor the one -1; in a model a ShapeError where the
 * numbers of elements differ.
 */
export function reshape(options: ReshapeOptions): Layer {
  const type = 'reshape';
  const given = readOptions(type, options, ['targetShape', ...common]);
  const wanted = list(type, 'targetShape', given.targetShape);
  if (wanted.length === 0 || wanted.length >= maxRank) {
    throw new ShapeError(`${type}: expected targetShape to have 1 to 7 dimensions, got ${wanted.length}`);
  }
  const targetShape = wanted.map((dimension, i) =>
    dimension === -1 ? -1 : positiveInteger(type, `targetShape[${i}]`, dimension),
  );
  if (targetShape.filter((dimension) => dimension === -1).length > 1) {
    throw new OptionError(`${type}: expected targetShape to hold -1 once at most, got ${show(targetShape)}`);
  }
  return makeLayer(type, given, { targetShape }, (scope, [x = 0]) => {
    const from = scope.shape(x);
    const known = sizeOf(targetShape.filter((dimension) => dimension !== -1));
    const rest = sizeOf(from) / known;
    const shape = targetShape.map((dimension) => (dimension === -1 ? rest : dimension));
    if (!Number.isInteger(rest) || sizeOf(shape) !== sizeOf(from)) {
      scope.fail(`expected an input that fits into [${targetShape.join(', ')}], got [${from.join(', ')}]`);
    }
    return scope.node('reshape', { shape }, [x]);
  });
}

export interface DropoutOptions extends LayerOptions {
  /** Share of the numbers that training sets to 0: from 0 to less than 1. */
  readonly rate: number;
}

/** Dropout (Srivastava et al. 2014); at inference it gives its input. Shape: [...] -> [...]. */
export function dropout(options: DropoutOptions): Layer {
  const type = 'dropout';
  const given = readOptions(type, options, ['rate', ...common]);
  const rate = finite(type, 'rate', given.rate);
  if (rate < 0 || rate >= 1)
    throw new OptionError(`${type}: expected rate to be from 0 to less than 1, got ${show(rate)}`);
  return makeLayer(type, given, { rate }, (scope, [x = 0]) =>
    scope.node('reshape', { shape: scope.shape(x) }, [x]),
  );
}
