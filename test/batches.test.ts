import { type Model, type Tensor, tensor, zoo } from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { available, open } from './support/engines.js';
import { compile, graphBuilder, type Plan } from './support/internals.js';
import { randomTensor } from './support/nets.js';
import { floats, random } from './support/random.js';

const native = available.filter(({ name }) => name !== 'js');
/** Fewer samples than threads, a rest that no thread has alone, groups of several samples. */
const batches = [2, 3, 7, 33];

/** Each sample of a batch by itself. */
function alone(net: Model, x: Tensor, count: number): readonly Float32Array[] {
  const [, ...shape] = x.shape;
  const size = x.data.length / (x.shape[0] as number);
  return Array.from({ length: count }, (_, i) => {
    const one = tensor(x.data.slice(i * size, (i + 1) * size), [1, ...shape]);
    return net.predictSync(one).data;
  });
}

// Values outweigh weights at the beginning, and weights the values at the end: groups of samples, then all at once.
describe.each(native)('networks on $name', ({ options }) => {
  const nets: readonly [string, (threads: number) => Model][] = [
    ['lenet5', (threads) => zoo.lenet5({ threads, seed: 1, ...options })],
    ['squeezenet', (threads) => zoo.squeezenet({ inputShape: [48, 48, 3], threads, seed: 1, ...options })],
    ['mobilenetV2', (threads) => zoo.mobilenetV2({ inputShape: [64, 64, 3], threads, seed: 1, ...options })],
    ['googlenet', (threads) => zoo.googlenet({ inputShape: [32, 32, 3], threads, seed: 1, ...options })],
    ['resnet18', (threads) => zoo.resnet18({ inputShape: [32, 32, 3], threads, seed: 1, ...options })],
  ];
  test.each(nets)('%s gives a sample the same bits in any batch', (_, make) => {
    const first = make(1);
    const x = randomTensor([33, ...(first.inputs[0]?.shape ?? [])], 5);
    const [, ...shape] = x.shape;
    const size = x.data.length / 33;
    const wanted = alone(first, x, 33);
    for (const threads of [1, 2, 3]) {
      const net = make(threads);
      for (const batch of batches) {
        const { data } = net.predictSync(tensor(x.data.slice(0, batch * size), [batch, ...shape]));
        const length = data.length / batch;
        for (let i = 0; i < batch; i++) {
          expectSameBits(data.slice(i * length, (i + 1) * length), wanted[i] as Float32Array);
        }
      }
      net[Symbol.dispose]();
    }
  });

  test('a run that stays in its groups and one that does not can follow each other', async () => {
    const net = zoo.squeezenet({ inputShape: [48, 48, 3], threads: 2, seed: 1, ...options });
    const x = randomTensor([8, 48, 48, 3], 6);
    const wanted = alone(net, x, 8);
    const answers = await Promise.all([net.predict(x), net.predict(x), net.predict(x)]);
    for (const { data } of [...answers, net.predictSync(x)]) {
      const length = data.length / 8;
      wanted.forEach((one, i) => {
        expectSameBits(data.slice(i * length, (i + 1) * length), one);
      });
    }
  });
});

// Many values live across the segments of a dense network, and their memory is that of others at other steps.
test.skipIf(native.length === 0)('a network whose groups are of several sizes', () => {
  const inputShape = [64, 64, 3];
  const net = zoo.densenet121({ inputShape, threads: 1, seed: 1 });
  const x = randomTensor([17, ...inputShape], 5);
  const wanted = alone(net, x, 17);
  for (const threads of [1, 2]) {
    const { data } = zoo.densenet121({ inputShape, threads, seed: 1 }).predictSync(x);
    const length = data.length / 17;
    wanted.forEach((one, i) => {
      expectSameBits(data.slice(i * length, (i + 1) * length), one);
    });
  }
});

/** Steps between which statistics of the whole batch are taken: nobody may run ahead with a part of the samples. */
function withStatistics(): Plan {
  const graph = graphBuilder();
  const next = random(3);
  const x = graph.input('x', [12, 12, 8]);
  const conv = (from: number): number => {
    const kernel = graph.constant('k', [3, 3, 8, 8], floats(next, 576, -0.2, 0.2));
    const bias = graph.constant('b', [8], floats(next, 8, -1, 1));
    const attributes = { strides: [1, 1], dilations: [1, 1], padding: [1, 1, 1, 1], groups: 1 };
    return graph.node('conv2d', 'conv', attributes, [from, kernel, bias])[0] as number;
  };
  const a = conv(conv(x));
  const [mean, variance] = graph.node('batchstats', 'statistics', {}, [a]) as [number, number];
  const [gamma, beta] = [2, 1].map((value) => graph.constant('g', [8], new Float32Array(8).fill(value))) as [
    number,
    number,
  ];
  const b = graph.node('batchnorm', 'norm', { epsilon: 1e-3 }, [a, mean, variance, gamma, beta])[0] as number;
  return compile(graph.finish([conv(conv(b))]));
}

test.each(native)('statistics of the batch on $name', (engine) => {
  const plan = withStatistics();
  const size = 12 * 12 * 8;
  for (const batch of [2, 6, 33]) {
    const x = floats(random(batch), batch * size, -1, 1);
    const [one, two, three] = [1, 2, 3].map((threads) => {
      const program = open(engine, threads).load(plan);
      const y = new Float32Array(batch * size).fill(Number.NaN);
      program.runSync(batch, [x], [y]);
      program.dispose();
      return y;
    }) as [Float32Array, Float32Array, Float32Array];
    expect(one.every(Number.isFinite)).toBe(true);
    expectSameBits(two, one);
    expectSameBits(three, one);
  }
});
