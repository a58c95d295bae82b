import { type Layer, layers, type Model, ops, sequential, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits } from '../support/bounds.js';
import { available, nativeMissing } from '../support/engines.js';
import { randomTensor } from '../support/nets.js';
import { refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group B: values.

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const max = 3.4028234663852886e38;

for (const { name, options } of available) {
  describe(`B values on ${name}`, () => {
    const net = (...list: Layer[]): Model => sequential({ layers: list, ...options });
    const answer = (layer: Layer, values: readonly number[], shape: readonly number[]): number[] => [
      ...net(layer).predictSync(tensor(Float32Array.from(values), [1, ...shape])).data,
    ];
    const one = [1];
    const dot = (inputs: readonly number[], weights: readonly number[]): number => {
      const dense = net(layers.dense({ inputShape: [inputs.length], units: 1, useBias: false }));
      dense.setWeights([tensor(Float32Array.from(weights), [weights.length, 1])]);
      return dense.predictSync(tensor(Float32Array.from(inputs), [1, inputs.length])).data[0] as number;
    };

    test('25 NaN in the input passes through relu, clipping, pooling, products and sums', () => {
      for (const layer of [
        layers.relu({ inputShape: one }),
        layers.relu({ inputShape: one, maxValue: 6 }),
        layers.leakyReLU({ inputShape: one }),
        layers.elu({ inputShape: one }),
        layers.sigmoid({ inputShape: one }),
        layers.tanh({ inputShape: one }),
        layers.softplus({ inputShape: one }),
        layers.hardSigmoid({ inputShape: one }),
        layers.hardSwish({ inputShape: one }),
        layers.swish({ inputShape: one }),
        layers.gelu({ inputShape: one }),
        layers.gelu({ inputShape: one, approximate: true }),
        layers.prelu({ inputShape: one }),
        layers.batchNormalization({ inputShape: one }),
        layers.rescaling({ inputShape: one, scale: 2 }),
      ]) {
        expect(answer(layer, [nan], one), layer.type).toEqual([nan]);
      }
      expect(answer(layers.softmax({ inputShape: [3] }), [0, nan, 1], [3])).toEqual([nan, nan, nan]);
      const pool = { inputShape: [2, 4, 1], poolSize: 2 };
      for (let at = 0; at < 4; at++) {
        const cells = [1, 2, 5, 6, 3, 4, 7, 8];
        cells[at < 2 ? at : at + 2] = nan;
        expect(answer(layers.maxPooling2d(pool), cells, [2, 4, 1])).toEqual([nan, 8]);
        expect(answer(layers.averagePooling2d(pool), cells, [2, 4, 1])).toEqual([nan, 6.5]);
      }
      expect(answer(layers.globalMaxPooling2d({ inputShape: [1, 2, 1] }), [nan, 1], [1, 2, 1])).toEqual([
        nan,
      ]);
      expect(answer(layers.globalAveragePooling2d({ inputShape: [1, 2, 1] }), [1, nan], [1, 2, 1])).toEqual([
        nan,
      ]);
      expect(dot([1, nan], [1, 1])).toBeNaN();
    });

    test('25 NaN in the weights, and a zero weight does not hide a NaN', () => {
      expect(dot([1, 1], [1, nan])).toBeNaN();
      expect(dot([0, 1], [nan, 1])).toBeNaN();
      expect(dot([nan, 1], [0, 1])).toBeNaN();
      const relu = net(layers.dense({ inputShape: [2], units: 2, activation: 'relu' }));
      relu.setWeights([tensor(Float32Array.of(1, nan, 1, 1), [2, 2]), tensor(new Float32Array(2), [2])]);
      expect([...relu.predictSync(tensor(Float32Array.of(1, 1), [1, 2])).data]).toEqual([2, nan]);
    });

    test('25 a NaN stays in its own sample, pixel and channel', () => {
      const conv = net(layers.conv2d({ inputShape: [7, 7, 3], filters: 5, kernelSize: 3, padding: 'same' }));
      const x = randomTensor([3, 7, 7, 3]);
      const clean = conv.predictSync(x).data;
      x.data[147] = nan;
      const spoiled = conv.predictSync(x).data;
      spoiled.forEach((value, i) => {
        const [sample, pixel] = [Math.floor(i / 245), Math.floor((i % 245) / 5)];
        const hit = sample === 1 && pixel % 7 <= 1 && Math.floor(pixel / 7) <= 1;
        if (hit) expect(value).toBeNaN();
        else expect(value).toBe(clean[i]);
      });
    });

    test('25 NaN in the statistics of batch norm', () => {
      const norm = net(layers.batchNormalization({ inputShape: [2] }));
      const vector = (a: number, b: number): Tensor => tensor(Float32Array.of(a, b), [2]);
      norm.setWeights([vector(1, 1), vector(0, 0), vector(nan, 0), vector(1, 1)]);
      const [a, b] = norm.predictSync(tensor(Float32Array.of(1, 1), [1, 2])).data as unknown as [
        number,
        number,
      ];
      expect(a).toBeNaN();
      expect(b).toBeCloseTo(0.9995, 4);
    });

    test('26 infinities: limits of the activations', () => {
      const both = (layer: Layer): number[] => answer(layer, [inf, -inf], [2]);
      const inputShape = [2];
      expect(both(layers.relu({ inputShape }))).toEqual([inf, 0]);
      expect(both(layers.relu({ inputShape, maxValue: 6 }))).toEqual([6, 0]);
      expect(both(layers.leakyReLU({ inputShape }))).toEqual([inf, -inf]);
      expect(both(layers.elu({ inputShape }))).toEqual([inf, -1]);
      expect(both(layers.sigmoid({ inputShape }))).toEqual([1, 0]);
      expect(both(layers.tanh({ inputShape }))).toEqual([1, -1]);
      expect(both(layers.softplus({ inputShape }))).toEqual([inf, 0]);
      expect(both(layers.hardSigmoid({ inputShape }))).toEqual([1, 0]);
      for (const layer of [layers.hardSwish, layers.swish, layers.gelu]) {
        expect(both(layer({ inputShape }))[0]).toBe(inf);
      }
    });

    test('26 infinities in products and sums are those of IEEE 754', () => {
      expect(dot([inf, 1], [1, 1])).toBe(inf);
      expect(dot([inf, 1], [-1, 1])).toBe(-inf);
      expect(dot([inf, inf], [1, -1])).toBeNaN();
      expect(dot([inf, 1], [0, 1])).toBeNaN();
      const pool = layers.maxPooling2d({ inputShape: [2, 2, 1], poolSize: 2 });
      expect(answer(pool, [-inf, 1, inf, 0], [2, 2, 1])).toEqual([inf]);
    });

    test('26 softmax of infinities and of huge numbers', () => {
      const softmax = layers.softmax({ inputShape: [3] });
      expect(answer(softmax, [0, -inf, 0], [3])).toEqual([0.5, 0, 0.5]);
      expect(answer(softmax, [0, inf, 0], [3])[1]).toBeNaN();
      expect(answer(softmax, [max, max, -max], [3])).toEqual([0.5, 0.5, 0]);
      expect(answer(softmax, [-max, -max, -max], [3]).map((v) => v.toFixed(6))).toEqual(
        Array(3).fill('0.333333'),
      );
    });

    test('27 all -Infinity: pooling gives it, softmax NaN', () => {
      const cells = Array(4).fill(-inf);
      expect(answer(layers.maxPooling2d({ inputShape: [2, 2, 1], poolSize: 2 }), cells, [2, 2, 1])).toEqual([
        -inf,
      ]);
      const padded = layers.maxPooling2d({ inputShape: [1, 1, 1], poolSize: 3, padding: 1 });
      expect(answer(padded, [-inf], [1, 1, 1])).toEqual([-inf]);
      expect(answer(layers.softmax({ inputShape: [2] }), [-inf, -inf], [2])).toEqual([nan, nan]);
      expect(answer(layers.globalMaxPooling2d({ inputShape: [2, 2, 1] }), cells, [2, 2, 1])).toEqual([-inf]);
    });

    test('27 negative numbers beat padding', () => {
      const padded = layers.maxPooling2d({ inputShape: [2, 2, 1], poolSize: 3, strides: 1, padding: 1 });
      expect(answer(padded, [-4, -3, -2, -1], [2, 2, 1])).toEqual([-1, -1, -1, -1]);
    });

    test('28 denormals: kept or flushed to zero, never anything else', () => {
      const tiny = [2 ** -149, -(2 ** -149), 2 ** -127, -(2 ** -127)];
      answer(layers.rescaling({ inputShape: [4], scale: 1 }), tiny, [4]).forEach((value, i) => {
        expect([tiny[i], 0]).toContain(Math.abs(value) === 0 ? 0 : value);
      });
      expect(answer(layers.flatten({ inputShape: [2, 2] }), tiny, [2, 2])).toEqual(tiny);
      const product = dot([2 ** -100], [2 ** -40]);
      expect([2 ** -140, 0]).toContain(product);
    });

    test('29 -0 is a number like 0, copied with its sign', () => {
      expect(
        answer(layers.flatten({ inputShape: [1, 2] }), [-0, 0], [1, 2]).map((v) => Object.is(v, -0)),
      ).toEqual([true, false]);
      for (const layer of [layers.relu, layers.leakyReLU, layers.elu, layers.tanh, layers.hardSwish]) {
        expect(Math.abs(answer(layer({ inputShape: one }), [-0], one)[0] as number)).toBe(0);
      }
      expect(answer(layers.sigmoid({ inputShape: one }), [-0], one)).toEqual([0.5]);
      expect(Math.abs(dot([-0, 0], [1, -1]))).toBe(0);
      expect(answer(layers.prelu({ inputShape: one }), [-0], one).map(Math.abs)).toEqual([0]);
    });

    test('30 sums beyond the largest float overflow to infinity', () => {
      expect(dot([max, max], [1, 1])).toBe(inf);
      expect(dot([max, max], [-1, -1])).toBe(-inf);
      expect(dot([max], [2])).toBe(inf);
      expect(dot([max, -max], [1, 1])).toBe(0);
      expect(answer(layers.relu({ inputShape: one }), [max], one)).toEqual([max]);
      const mean = answer(
        layers.globalAveragePooling2d({ inputShape: [1, 2, 1] }),
        [max, max],
        [1, 2, 1],
      )[0] as number;
      expect([inf, max]).toContain(mean);
    });

    test('31 a variance below -epsilon gives NaN, one of zero does not', () => {
      const norm = net(layers.batchNormalization({ inputShape: [2], epsilon: 0.25 }));
      const vector = (a: number, b: number): Tensor => tensor(Float32Array.of(a, b), [2]);
      norm.setWeights([vector(1, 1), vector(0, 0), vector(0, 0), vector(-1, 0)]);
      expect([...norm.predictSync(tensor(Float32Array.of(3, 3), [1, 2])).data]).toEqual([nan, 6]);
    });

    test('32 signalling NaN payloads are NaN', () => {
      const bits = Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff, 0x7fc12345);
      const x = tensor(new Float32Array(bits.buffer), [1, 4]);
      for (const layer of [layers.relu, layers.sigmoid, layers.softplus]) {
        expect([...net(layer({ inputShape: [4] })).predictSync(x).data]).toEqual([nan, nan, nan, nan]);
      }
      const moved = net(layers.reshape({ inputShape: [4], targetShape: [2, 2] })).predictSync(x);
      expect([...moved.data]).toEqual([nan, nan, nan, nan]);
    });

    test('legal odd values give the same bits twice, and in a batch', () => {
      const values = Float32Array.of(nan, inf, -inf, -0, 2 ** -140, max, 1, -1);
      const conv = net(
        layers.conv2d({
          inputShape: [8, 1, 1],
          filters: 3,
          kernelSize: [3, 1],
          padding: 'same',
          activation: 'swish',
        }),
      );
      const first = conv.predictSync(tensor(values, [1, 8, 1, 1])).data;
      expectSameBits(conv.predictSync(tensor(values, [1, 8, 1, 1])).data, first);
      const twice = conv.predictSync(tensor(Float32Array.from([...values, ...values]), [2, 8, 1, 1])).data;
      expectSameBits(twice.slice(24), first);
    });
  });
}

test('31 an epsilon that is negative or no number', async () => {
  for (const epsilon of [-1e-3, nan, inf, '1', null]) {
    await refused(
      () => layers.batchNormalization({ epsilon: epsilon as number }),
      /batchNormalization: expected epsilon/,
    );
  }
  const x = randomTensor([2, 3]);
  const vector = randomTensor([3], 2, 1, 2);
  await refused(
    () => ops.batchNorm(x, { mean: vector, variance: vector, epsilon: -1 }),
    /batchNorm: expected epsilon/,
    /-1/,
  );
});

describe.skipIf(nativeMissing !== undefined)('alike on both backends', () => {
  const inputs = Float32Array.of(
    nan,
    inf,
    -inf,
    0,
    -0,
    2 ** -130,
    1e-20,
    max,
    -max,
    88,
    -88,
    104,
    -104,
    1,
    -1,
    0.5,
  );
  const state = (value: number): string => (Number.isFinite(value) ? 'finite' : String(value));
  const activations = [
    'relu',
    'leakyReLU',
    'elu',
    'sigmoid',
    'tanh',
    'softplus',
    'hardSigmoid',
    'hardSwish',
    'swish',
    'gelu',
  ] as const;

  test.for(activations)('%s of special values', (activation) => {
    const answers = available.map(({ options }) => {
      const net = sequential({
        layers: [layers.activation({ activation, inputShape: [16] })],
        ...options,
      });
      return [...net.predictSync(tensor(inputs, [1, 16])).data];
    });
    const [first, ...others] = answers as [number[], ...number[][]];
    for (const other of others) {
      expect(other.map(state)).toEqual(first.map(state));
      other.forEach((value, i) => {
        const wanted = first[i] as number;
        if (Number.isFinite(wanted))
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-6 * Math.abs(wanted) + 2 ** -125);
      });
    }
  });
});
