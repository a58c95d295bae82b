import { backend, ops, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { activate } from './activation.js';
import { expectExact, expectWithin, sumBound } from './bounds.js';
import { nativeMissing } from './engines.js';
import { randomTensor } from './nets.js';
import { batchstats, matmul, softmax } from './reference.js';
import {
  averagepool2d,
  conv2d,
  convtranspose2d,
  depthwise2d,
  im2col,
  maxpool2d,
  type Window,
} from './windows.js';

/** Eager ops have no option for the engine: this file's process has one, by its environment. */
export function eagerSuite(engine: 'js' | 'native'): void {
  process.env.NEOCOG_BACKEND = engine;
  const missing = engine === 'native' ? nativeMissing : undefined;

  describe.skipIf(missing !== undefined)(`eager ops on ${engine}${missing ? ` (${missing})` : ''}`, () => {
    test('run on the engine that was asked for', () => {
      expect(backend().name).toBe(engine);
    });

    const sample = (x: Float32Array, i: number, n: number): Float32Array =>
      x.subarray((i * x.length) / n, ((i + 1) * x.length) / n);

    test('conv2d, depthwiseConv2d, conv2dTranspose over a batch', () => {
      const spec: Window = {
        h: 7,
        w: 6,
        c: 4,
        k: [3, 2],
        s: [2, 1],
        d: [1, 2],
        pad: [1, 1, 1, 1],
        bias: true,
      };
      const options = { strides: [2, 1], dilations: [1, 2], padding: 1 } as const;
      const x = randomTensor([3, 7, 6, 4]);
      const kernel = randomTensor([3, 2, 4, 5], 2);
      const bias = randomTensor([5], 3);
      const y = ops.conv2d(x, kernel, { ...options, bias, activation: 'relu' });
      expect(y.shape).toEqual([3, 4, 6, 5]);
      const deep = ops.depthwiseConv2d(x, kernel, { ...options, bias: randomTensor([20], 4) });
      expect(deep.shape).toEqual([3, 4, 6, 20]);
      const up = ops.conv2dTranspose(x, randomTensor([3, 2, 5, 4], 5), { strides: 2, bias });
      expect(up.shape).toEqual([3, 15, 12, 5]);
      for (let i = 0; i < 3; i++) {
        const wanted = conv2d({ ...spec, oc: 5 }, [sample(x.data, i, 3), kernel.data, bias.data]);
        const { values, bound } = activate({ act: 'relu' }, wanted.values, sumBound(wanted));
        expectWithin(sample(y.data, i, 3), values, bound);
        const channels = depthwise2d({ ...spec, mult: 5 }, [
          sample(x.data, i, 3),
          kernel.data,
          randomTensor([20], 4).data,
        ]);
        expectWithin(sample(deep.data, i, 3), channels.values, sumBound(channels));
        const spread = convtranspose2d({ h: 7, w: 6, c: 4, oc: 5, k: [3, 2], s: [2, 2], bias: true }, [
          sample(x.data, i, 3),
          randomTensor([3, 2, 5, 4], 5).data,
          bias.data,
        ]);
        expectWithin(sample(up.data, i, 3), spread.values, sumBound(spread));
      }
    });

    test('groups', () => {
      const x = randomTensor([1, 5, 5, 6]);
      const kernel = randomTensor([3, 3, 3, 4], 2);
      const wanted = conv2d({ h: 5, w: 5, c: 6, k: [3, 3], oc: 4, groups: 2, pad: [1, 1, 1, 1] }, [
        x.data,
        kernel.data,
      ]);
      expectWithin(
        ops.conv2d(x, kernel, { groups: 2, padding: 'same' }).data,
        wanted.values,
        sumBound(wanted),
      );
    });

    test('pooling and im2col', () => {
      const x = randomTensor([1, 7, 6, 5]);
      const spec: Window = { h: 7, w: 6, c: 5, k: [3, 2], s: [2, 2], pad: [1, 1, 0, 0] };
      const options = {
        poolSize: [3, 2],
        strides: 2,
        padding: [
          [1, 1],
          [0, 0],
        ],
      } as const;
      expectExact(ops.maxPool2d(x, options).data, maxpool2d(spec, [x.data]).values);
      const mean = averagepool2d(spec, [x.data]);
      expectWithin(ops.avgPool2d(x, options).data, mean.values, sumBound(mean));
      const columns = ops.im2col(x, {
        kernelSize: [3, 2],
        strides: 2,
        padding: [
          [1, 1],
          [0, 0],
        ],
      });
      expect(columns.shape).toEqual([1, 4, 3, 30]);
      expectExact(columns.data, im2col(spec, [x.data]).values);
      const global = ops.globalAvgPool2d(tensor(Float32Array.of(1, 10, 3, 20), [1, 2, 1, 2]));
      expect([...global.data]).toEqual([2, 15]);
    });

    test('matMul with every transposition, dense', () => {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const a = randomTensor(transposeA ? [7, 5] : [5, 7]);
          const b = randomTensor(transposeB ? [9, 7] : [7, 9], 2);
          const y = ops.matMul(a, b, { transposeA, transposeB });
          expect(y.shape).toEqual([5, 9]);
          const wanted = matmul({ groups: 1, m: 5, k: 7, n: 9, ta: transposeA, tb: transposeB }, [
            a.data,
            b.data,
          ]);
          expectWithin(y.data, wanted.values, sumBound(wanted));
        }
      }
      const x = randomTensor([3, 7]);
      const [w, bias] = [randomTensor([7, 4], 2), randomTensor([4], 3)];
      const wanted = matmul({ groups: 1, m: 3, k: 7, n: 4, ta: false, tb: false }, [
        x.data,
        w.data,
        bias.data,
      ]);
      const { values, bound } = activate({ act: 'tanh' }, wanted.values, sumBound(wanted));
      expectWithin(ops.dense(x, w, { bias, activation: 'tanh' }).data, values, bound);
    });

    test('matMul of whole numbers is exact, also 65 x 1000 x 33', () => {
      const [m, k, n] = [65, 1000, 33];
      const a = tensor(
        Float32Array.from({ length: m * k }, (_, i) => (i % 7) - 3),
        [m, k],
      );
      const b = tensor(
        Float32Array.from({ length: k * n }, (_, i) => (i % 5) - 2),
        [k, n],
      );
      expectExact(
        ops.matMul(a, b).data,
        matmul({ groups: 1, m, k, n, ta: false, tb: false }, [a.data, b.data]).values,
      );
    });

    test('batchNorm and batchNormTrain', () => {
      const x = randomTensor([4, 3, 2, 5], 1, 0, 3);
      const { y, mean, variance } = ops.batchNormTrain(x, { epsilon: 1e-3 });
      const wanted = batchstats(5, x.data);
      expectWithin(mean.data, wanted.mean.values, sumBound(wanted.mean));
      expectWithin(variance.data, wanted.variance.values, sumBound(wanted.variance));
      expectWithin(ops.batchNorm(x, { mean, variance, epsilon: 1e-3 }).data, y.data, 1e-5);
      const after = batchstats(5, y.data);
      for (const value of after.mean.values) expect(Math.abs(value)).toBeLessThan(1e-5);
      for (const value of after.variance.values) expect(value).toBeCloseTo(1, 2);
      const gamma = tensor(Float32Array.of(2, 2, 2, 2, 2), [5]);
      const beta = tensor(Float32Array.of(1, 1, 1, 1, 1), [5]);
      const moved = ops.batchNorm(x, { mean, variance, gamma, beta, epsilon: 1e-3 }).data;
      expectWithin(
        moved,
        y.data.map((value) => 2 * value + 1),
        1e-5,
      );
    });

    test('batchNorm with one of gamma and beta: they are not taken for each other', () => {
      const x = tensor(Float32Array.of(1, 3), [2, 1]);
      const one = (value: number) => tensor(Float32Array.of(value), [1]);
      const statistics = { mean: one(1), variance: one(4), epsilon: 1e-9 };
      expect([...ops.batchNorm(x, { ...statistics, gamma: one(3) }).data].map(Math.round)).toEqual([0, 3]);
      expect([...ops.batchNorm(x, { ...statistics, beta: one(3) }).data].map(Math.round)).toEqual([3, 4]);
      expect(
        [...ops.batchNorm(x, { ...statistics, gamma: one(3), beta: one(-1) }).data].map(Math.round),
      ).toEqual([-1, 2]);
      expect([...ops.batchNorm(x, statistics).data].map(Math.round)).toEqual([0, 1]);
    });

    test.for([
      ['relu', {}],
      ['sigmoid', {}],
      ['tanh', {}],
      ['elu', { alpha: 1 }],
      ['softplus', {}],
      ['hardSigmoid', { alpha: 1 / 6, beta: 0.5 }],
      ['hardSwish', {}],
      ['swish', {}],
      ['gelu', {}],
      ['leakyReLU', { alpha: 0.3 }],
    ] as const)('%s', ([name, parameters]) => {
      const x = randomTensor([2, 37], 1, -5, 5);
      const y = (ops[name] as (x: Tensor) => Tensor)(x);
      expect(y.shape).toEqual([2, 37]);
      const plain = Float64Array.from(x.data);
      const { values, bound } = activate(
        { act: name.toLowerCase(), ...parameters },
        plain,
        new Float64Array(74),
      );
      expectWithin(y.data, values, bound);
    });

    test('softmax over each axis', () => {
      const x = randomTensor([3, 4, 5], 1, -3, 3);
      const last = softmax(12, 5, 1, [x.data]);
      expectWithin(ops.softmax(x).data, last.values, sumBound(last));
      const middle = softmax(3, 4, 5, [x.data]);
      expectWithin(ops.softmax(x, { axis: 1 }).data, middle.values, sumBound(middle));
    });

    test('add, multiply, concat', () => {
      const a = tensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
      const b = tensor(Float32Array.of(10, 20), [2]);
      expect([...ops.add(a, b).data]).toEqual([11, 22, 13, 24]);
      expect([...ops.multiply(a, a).data]).toEqual([1, 4, 9, 16]);
      expect([...ops.multiply(a, tensor(Float32Array.of(2), [1])).data]).toEqual([2, 4, 6, 8]);
      expect([...ops.concat([a, a], { axis: 1 }).data]).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
      expect([...ops.concat([a, a], { axis: 0 }).data]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
      expect([...ops.concat([a, a, a], { axis: -1 }).data]).toEqual([1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
    });

    test('`out` is written and returned; it may be the input of an elementwise op only', () => {
      const x = tensor(Float32Array.of(-1, 2, -3, 4), [2, 2]);
      const out = tensor(new Float32Array(4).fill(9), [2, 2]);
      expect(ops.relu(x, { out })).toBe(out);
      expect([...out.data]).toEqual([0, 2, 0, 4]);
      expect(ops.relu(x, { out: x })).toBe(x);
      expect([...x.data]).toEqual([0, 2, 0, 4]);
      const square = tensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
      const before = [...square.data];
      expect(() => ops.matMul(square, square, { out: square })).toThrow(/out/);
      const image = randomTensor([1, 3, 3, 1]);
      expect(() => ops.maxPool2d(image, { poolSize: 1, strides: 1, out: image })).toThrow(/out/);
      expect([...square.data]).toEqual(before);
      expect(() => ops.relu(square, { out: tensor(new Float32Array(4), [4]) })).toThrow(/shape/);
    });

    test('activation softmax comes after the sums; prelu has weights and is refused', () => {
      const x = randomTensor([3, 5]);
      const w = randomTensor([5, 4], 2);
      const apart = ops.softmax(ops.dense(x, w));
      expect([...ops.dense(x, w, { activation: 'softmax' }).data]).toEqual([...apart.data]);
      expect(() => ops.dense(x, w, { activation: 'prelu' })).toThrow(/activation/);
    });

    test('batchNormTrain writes into out, each result into memory of its own', () => {
      const x = randomTensor([4, 3]);
      const wanted = ops.batchNormTrain(x);
      const [y, mean] = [tensor(new Float32Array(12), [4, 3]), tensor(new Float32Array(3), [3])];
      const given = ops.batchNormTrain(x, { out: { y, mean } });
      expect([given.y, given.mean]).toEqual([y, mean]);
      expect([...y.data, ...mean.data]).toEqual([...wanted.y.data, ...wanted.mean.data]);
      expect(() => ops.batchNormTrain(x, { out: { mean, variance: mean } })).toThrow(/memory of its own/);
    });

    test('many shapes and options in turn: the cache of programs gives each its own answer', () => {
      for (let round = 0; round < 2; round++) {
        for (let size = 1; size <= 300; size++) {
          const x = tensor(new Float32Array(size).fill(-2), [1, size]);
          expect(ops.leakyReLU(x, { alpha: 0.5 }).data[size - 1]).toBe(-1);
          expect(ops.relu(x).data[0]).toBe(0);
        }
      }
      const x = tensor(Float32Array.of(-8), [1, 1]);
      expect(ops.leakyReLU(x, { alpha: 0.25 }).data[0]).toBe(-2);
      expect(ops.leakyReLU(x, { alpha: 0.125 }).data[0]).toBe(-1);
    });

    test('reads each input as it is now, wherever it lies', () => {
      const memory = new Float32Array(10);
      const x = tensor(memory.subarray(3, 7), [1, 4]);
      memory.set([1, 2, 3, 4], 3);
      expect([...ops.add(x, x).data]).toEqual([2, 4, 6, 8]);
      memory[3] = 5;
      expect([...ops.add(x, x).data]).toEqual([10, 4, 6, 8]);
    });
  });
}
