import { OptionError, ShapeError } from '../errors.js';
import { elements, positive } from '../geometry.js';
import { input, inputCount, listed, output, product } from './check.js';
import type { Word } from './op.js';

export interface ReshapeAttributes {
  /** The sample's new shape, the batch not counted; one length may be -1: what remains. */
  readonly shape: readonly number[];
}

/** The same elements in the same order under another shape. Nothing is computed: it is compiled away. */
export const reshape: Word<ReshapeAttributes> = {
  id: 'reshape',

  infer({ shape }, inputs) {
    inputCount(inputs, 1);
    const x = input(inputs, 0, 'x');
    const size = elements(x.shape);
    const open = shape.indexOf(-1);
    if (open !== shape.lastIndexOf(-1))
      throw new OptionError(`expected one -1 at most, got ${listed(shape)}`);
    const known = shape.filter((_, axis) => axis !== open);
    for (const length of known) positive('lengths', length);
    const rest = size / product(known);
    if (open < 0 ? rest !== 1 : !Number.isInteger(rest)) {
      throw new ShapeError(
        `expected a shape for the ${size} elements of ${listed(x.shape)}, got ${listed(shape)}`,
      );
    }
    return output(open < 0 ? shape : shape.with(open, rest), x.perSample);
  },
};
