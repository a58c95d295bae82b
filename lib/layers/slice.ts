import type { CopyAttributes } from '../ops/index.js';
import { expected, integer, list, positiveInteger, readOptions } from '../options.js';
import { maxRank } from '../tensor.js';
import { common, type Layer, type LayerOptions, makeLayer } from './layer.js';

export interface SliceOptions extends LayerOptions {
  /** Where the part begins, for each axis of a sample. */
  readonly begin: readonly number[];
  /** Its lengths; -1 reaches to the end of the axis. */
  readonly size: readonly number[];
}

/**
 * A rectangular part of each sample: with begin [0, 0, 4] and size [-1, -1, 8] channels 4 to 11 of an image.
 *
 * Shape: [d1, d2, ...] -> size.
 * Errors: OptionError where begin or size is no list of such numbers, or they are not equally long; in a model a
 * ShapeError where the part does not lie inside the input.
 */
export function slice(options: SliceOptions): Layer {
  const type = 'slice';
  const given = readOptions(type, options, ['begin', 'size', ...common]);
  const begin = read(type, 'begin', given.begin, 0);
  const size = read(type, 'size', given.size, 1);
  if (size.length !== begin.length) {
    throw expected(type, 'size', `as long as begin, ${begin.length} numbers`, given.size);
  }
  return makeLayer(type, given, { begin, size }, (scope, [x = 0]) => {
    const shape = scope.shape(x);
    if (shape.length !== begin.length) {
      scope.fail(
        `expected an input of ${begin.length} dimensions without the batch, got [${shape.join(', ')}]`,
      );
    }
    const lengths = shape.map((length, axis) =>
      size[axis] === -1 ? length - (begin[axis] as number) : (size[axis] as number),
    );
    shape.forEach((length, axis) => {
      const end = (begin[axis] as number) + (lengths[axis] as number);
      if ((begin[axis] as number) < length && end <= length) return;
      scope.fail(
        `expected begin and size inside axis ${axis} of [${shape.join(', ')}], got ${begin[axis]} and ${size[axis]}`,
      );
    });
    return scope.node('copy', { kind: 'slice', begin, size: lengths } satisfies CopyAttributes, [x]);
  });
}

/** Numbers for 1 to 7 axes: from `least` on, or -1 where that is a size. */
function read(type: string, name: string, value: unknown, least: 0 | 1): readonly number[] {
  const numbers = list(type, name, value, 'an array of one number for each axis');
  if (numbers.length === 0 || numbers.length >= maxRank) {
    throw expected(type, name, 'an array of 1 to 7 numbers', value);
  }
  return numbers.map((item, axis) => {
    const part = `${name}[${axis}]`;
    if (least === 1) return item === -1 ? -1 : positiveInteger(type, part, item);
    const start = integer(type, part, item);
    if (start < 0) throw expected(type, part, 'a non-negative integer', item);
    return start;
  });
}
