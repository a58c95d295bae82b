import { layout } from '../support/broadcast.js';
import { nameOf } from '../support/geometry.js';
import { floats, integers, specials } from '../support/random.js';
import { where } from '../support/reference.js';
import type { Kind } from '../support/step.js';
import { type Case, opSuite } from '../support/suite.js';

interface Spec {
  readonly cond: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** How cond, a and b reach the step. */
  readonly kinds?: readonly [Kind, Kind, Kind];
}

function line(spec: Spec): Case {
  const { cond, a, b, kinds = ['sample', 'sample', 'sample'] } = spec;
  const { dims, strides, sizes, size, fields } = layout('cab', [cond, a, b]);
  return {
    name: nameOf(spec),
    op: 'where',
    exact: true,
    geometry: fields,
    inputs: sizes.map((length, i) => ({ size: length, kind: kinds[i] as Kind })),
    outputs: [size],
    reference: (inputs) => where(dims, strides, inputs),
    data: (next, input, length) => (input === 0 ? integers(next, length, 1) : floats(next, length)),
  };
}

const same = (shape: readonly number[]): Spec => ({ cond: shape, a: shape, b: shape });

opSuite('where', [
  ...[1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 255, 256, 257, 8191, 20011].map((size) => line(same([size]))),
  line(same([5, 6, 9])),
  line({ cond: [1], a: [17], b: [17] }),
  line({ cond: [17], a: [1], b: [17] }),
  line({ cond: [17], a: [17], b: [1] }),
  line({ cond: [300], a: [1], b: [1] }),
  line({ cond: [5, 6, 1], a: [5, 6, 17], b: [1] }),
  line({ cond: [6, 17], a: [5, 1, 1], b: [5, 6, 17] }),
  line({ cond: [5, 1, 8], a: [1, 6, 8], b: [1, 1, 8] }),
  line({ cond: [2, 1, 3, 1, 5], a: [1, 4, 1, 2, 1], b: [2, 4, 3, 2, 5] }),
  line({ cond: [5, 6, 9], a: [9], b: [1], kinds: ['sample', 'constant', 'shared'] }),
  line({ cond: [6, 9], a: [5, 6, 9], b: [1], kinds: ['shared', 'sample', 'constant'] }),
  line({ cond: [9], a: [1], b: [5, 6, 9], kinds: ['constant', 'shared', 'sample'] }),
  {
    // What is not chosen leaves no trace, and NaN is not zero. A denormal condition counts as zero where denormals do.
    ...line(same([specials.length])),
    name: 'special values',
    data: (_next, input, size) =>
      Float32Array.from({ length: size }, (_, i) => {
        const value = specials[(i + input) % specials.length] as number;
        return input === 0 && Math.abs(value) < 2 ** -126 ? 0 : value;
      }),
  },
]);
