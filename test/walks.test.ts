import { describe, expect, test } from 'vitest';
import { expectExact } from './support/bounds.js';
import { available, open } from './support/engines.js';
import { compile, graphBuilder, ops } from './support/internals.js';
import { floats, random } from './support/random.js';

const sample = (...shape: number[]) => ({ shape, perSample: true });
const shared = (...shape: number[]) => ({ shape, perSample: false });

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** An array of `shape` whose element at each index is that of x [from] at `source(index)`. */
function moved(
  x: Float32Array,
  from: readonly number[],
  shape: readonly number[],
  source: (index: readonly number[]) => readonly number[],
): Float32Array {
  return Float32Array.from({ length: product(shape) }, (_, flat) => {
    const index = shape.map((length, axis) => Math.floor(flat / product(shape.slice(axis + 1))) % length);
    return x[source(index).reduce((at, i, axis) => at * (from[axis] as number) + i, 0)] as number;
  });
}

interface Line {
  readonly attributes: object;
  readonly from: readonly number[];
  readonly to: readonly number[];
  source(index: readonly number[]): readonly number[];
}

const sliced = (from: number[], begin: number[], size: number[], step: number[]): Line => ({
  attributes: { kind: 'slice', begin, size, step },
  from,
  to: size,
  source: (index) => index.map((i, axis) => (begin[axis] as number) + i * (step[axis] as number)),
});

const expanded = (from: number[], to: number[]): Line => ({
  attributes: { kind: 'expand', shape: to },
  from,
  to,
  source: (index) => index.slice(to.length - from.length).map((i, axis) => (from[axis] === 1 ? 0 : i)),
});

const tiled = (from: number[], repeats: number[]): Line => ({
  attributes: { kind: 'tile', repeats },
  from,
  to: from.map((length, axis) => length * (repeats[axis] as number)),
  source: (index) => index.map((i, axis) => i % (from[axis] as number)),
});

const lines: readonly Line[] = [
  sliced([7], [1], [3], [2]),
  sliced([7], [6], [7], [-1]),
  sliced([5, 9], [4, 8], [3, 5], [-2, -2]),
  sliced([4, 6, 8], [3, 0, 7], [4, 3, 2], [-1, 2, -7]),
  sliced([3, 4, 5, 6, 2, 3], [2, 3, 4, 5, 1, 2], [3, 2, 5, 3, 2, 3], [-1, -2, -1, -2, -1, -1]),
  sliced([3, 4], [2, 1], [1, 2], [-5, 2]),
  expanded([1], [5]),
  expanded([3, 1], [3, 4]),
  expanded([3], [2, 3]),
  expanded([], [2, 2]),
  expanded([2, 1, 3, 1], [4, 2, 5, 3, 2]),
  expanded([3, 2], [3, 2]),
  tiled([3], [4]),
  tiled([2, 3], [1, 3]),
  tiled([2, 3], [3, 1]),
  tiled([2, 3, 2], [2, 2, 2]),
  tiled([1, 3, 1], [2, 2, 40]),
  tiled([2, 1, 4, 1], [2, 3, 2, 5]),
];

for (const engine of available) {
  describe(`copies on ${engine.name}`, () => {
    test.for(lines.map((line) => ({ line, name: JSON.stringify({ x: line.from, ...line.attributes }) })))(
      '$name',
      ({ line: { attributes, from, to, source } }) => {
        const batch = 3;
        const g = graphBuilder();
        const y = g.node('copy', 'c', attributes, [g.input('x', from)]);
        expect(g.value(y[0] as number).shape).toEqual(to);
        const x = floats(random(1), product(from) * batch);
        const out = new Float32Array(product(to) * batch).fill(Number.NaN);
        open(engine)
          .load(compile(g.finish(y)))
          .runSync(batch, [x], [out]);
        for (let s = 0; s < batch; s++) {
          const mine = x.subarray(s * product(from), (s + 1) * product(from));
          expectExact(out.subarray(s * product(to), (s + 1) * product(to)), moved(mine, from, to, source));
        }
      },
    );
  });
}

test.for([
  [{ kind: 'slice', begin: [0], size: [3], step: [0] }, /step to be an integer other than 0, got 0/],
  [{ kind: 'slice', begin: [0], size: [3], step: [1.5] }, /step to be an integer other than 0, got 1.5/],
  [{ kind: 'slice', begin: [0], size: [4], step: [2] }, /inside axis 0 of \[6\], got its end at 7/],
  [
    { kind: 'slice', begin: [3], size: [3], step: [-2] },
    /inside axis 0 of \[6\], got its last element at -1/,
  ],
  [{ kind: 'slice', begin: [6], size: [2], step: [-1] }, /inside axis 0 of \[6\], got its end at 7/],
  [{ kind: 'slice', begin: [0], size: [2], step: [1, 1] }, /expected step for the 1 axes of \[6\], got 2/],
  [{ kind: 'expand', shape: [5] }, /a shape that \[6\] broadcasts to, got \[5\]/],
  [{ kind: 'expand', shape: [] }, /a shape that \[6\] broadcasts to, got \[\]/],
  [{ kind: 'expand', shape: [6, 1] }, /a shape that \[6\] broadcasts to, got \[6, 1\]/],
  [{ kind: 'expand', shape: [2 ** 30, 6] }, /fewer than 2\^31 elements/],
  [{ kind: 'tile', repeats: [0] }, /repeats to be a positive integer, got 0/],
  [{ kind: 'tile', repeats: [1, 2] }, /expected repeats for the 1 axes of \[6\], got 2/],
  [{ kind: 'roll' }, /permute, pad, upsample, slice, expand, tile, got "roll"/],
] as const)('copy of [6] refuses %j', ([attributes, rule]) => {
  expect(() => ops.copy.infer(attributes, [sample(6)])).toThrow(rule);
});

test('a tile of more axes than a walk has is refused', () => {
  const x = sample(2, 3, 2, 3);
  expect(ops.copy.infer({ kind: 'tile', repeats: [2, 2, 2, 1] }, [x])).toEqual([sample(4, 6, 4, 3)]);
  expect(() => ops.copy.infer({ kind: 'tile', repeats: [2, 2, 2, 2] }, [x])).toThrow(
    /at most 6 axes that cannot be merged, got 8/,
  );
});

describe('shapes of resample, lrn, normalize and reduce', () => {
  const x = sample(4, 5, 6);
  const taps = [shared(9, 2), shared(9, 2)];

  test('the axis of a resample gets as many cells as there are rows of indices', () => {
    expect(ops.resample.infer({ axis: 1, fill: 0 }, [x, ...taps])).toEqual([sample(4, 9, 6)]);
    expect(ops.resample.geometry({ axis: 1, fill: 7 }, [x, ...taps], [])).toEqual({
      ...{ outer: 4, size: 5, inner: 6, count: 9, taps: 2 },
      fill: 7,
    });
  });

  test.for([
    ['resample', { axis: 3, fill: 0 }, [x, ...taps], /axis to be from 0 to 2, got 3/],
    ['resample', { axis: 0, fill: 'edge' }, [x, ...taps], /fill to be a number, got "edge"/],
    [
      'resample',
      { axis: 0, fill: 0 },
      [x, shared(9, 2), shared(9, 3)],
      /weight of the shape of index, \[9, 2\], got \[9, 3\]/,
    ],
    ['resample', { axis: 0, fill: 0 }, [x, shared(9), shared(9)], /index to be \[count, taps\], got \[9\]/],
    [
      'resample',
      { axis: 0, fill: 0 },
      [x, sample(9, 2), shared(9, 2)],
      /index to be shared by the batch, got one per sample/,
    ],
    ['resample', { axis: 0, fill: 0 }, [sample(2 ** 25), ...taps], /at most 2\^24 cells/],
    ['lrn', { size: 0, alpha: 1, beta: 1, bias: 1 }, [x], /size to be a positive integer, got 0/],
    ['lrn', { size: 1, alpha: Number.NaN, beta: 1, bias: 1 }, [x], /alpha to be a number, got NaN/],
    ['lrn', { size: 1, alpha: 1, beta: 1, bias: 1 }, [sample()], /an input \[..., channels\], got \[\]/],
    ['normalize', { axes: [0, 2], epsilon: 0 }, [x], /axes that lie side by side, got \[0, 2\]/],
    ['normalize', { axes: [0], epsilon: -1 }, [x], /epsilon to be a number of 0 or more, got -1/],
    ['reduce', { kind: 'argmax', axes: [0] }, [sample(2 ** 24 + 1)], /at most 2\^24 places/],
    ['reduce', { kind: 'median', axes: [0] }, [x], /kind to be one of sum, mean, max, min, product/],
  ] as const)('%s refuses %j', ([op, attributes, inputs, rule]) => {
    expect(() => ops[op].infer(attributes, inputs)).toThrow(rule);
  });

  test('axes in any order', () => {
    const geometry = { outer: 4, size: 30, inner: 1, epsilon: 0.5 };
    expect(ops.normalize.geometry({ axes: [2, 1], epsilon: 0.5 }, [x], [])).toEqual(geometry);
  });
});

describe('places of a pool with ceilMode', () => {
  const shape = (h: number, poolSize: number, stride: number, padding = 0, dilation = 1) => {
    const attributes = {
      ...{ poolSize: [poolSize, 1], strides: [stride, 1], dilations: [dilation, 1], ceilMode: true },
      padding: [padding, padding, 0, 0],
    };
    return ops.averagepool2d.infer(attributes, [sample(h, 1, 1)])[0]?.shape[0];
  };

  test('as PyTorch counts them', () => {
    expect(shape(5, 2, 2)).toBe(3);
    // A last window that would begin in the padding behind the image does not exist.
    expect(shape(4, 2, 3, 1)).toBe(2);
    expect(shape(3, 3, 2, 1)).toBe(2);
    expect(shape(8, 3, 2, 0, 2)).toBe(3);
    // Larger than the image, but by less than a stride.
    expect(shape(2, 3, 2)).toBe(1);
    expect(() => shape(1, 3, 2)).toThrow(/a window not larger than the padded input, got height 3 on 1/);
  });
});
