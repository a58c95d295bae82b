import { input, layers, model, type Tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits, relativeError } from '../support/bounds.js';
import { available } from '../support/engines.js';
import { compile, type Graph, graphBuilder, ShapeError } from '../support/internals.js';
import { floats, random } from '../support/random.js';

const window = { strides: [1, 1], padding: [0, 0, 0, 0], dilations: [1, 1] };
const pairs = { ...window, strides: [2, 2], poolSize: [2, 2] };

interface Change {
  readonly size?: readonly number[];
  readonly kernel?: readonly number[];
  readonly conv?: object;
  readonly pool?: object;
  readonly op?: 'maxpool2d' | 'averagepool2d';
}

/** A convolution, a sum of what it makes, and a pooling of that. */
function graphOf({ size = [14, 14, 1], kernel = [3, 3, 1, 6], conv, pool, op = 'maxpool2d' }: Change): Graph {
  const graph = graphBuilder();
  const weights = new Float32Array(kernel.reduce((product, length) => product * length, 1));
  const inputs = [graph.input('x', size), graph.constant('k', kernel, weights)];
  const y = graph.node('conv2d', 'conv', { ...window, groups: 1, ...conv }, inputs);
  return graph.finish(graph.node(op, 'pool', { ...pairs, ...pool }, y));
}

const steps = (graph: Graph): string[] => compile(graph).steps.map(({ op }) => op);

describe('pooling in the convolution before it', () => {
  test.for([
    { op: 'averagepool2d' },
    { conv: { activation: 'tanh' } },
    { size: [15, 13, 1] },
    { size: [40, 14, 1], kernel: [8, 2, 1, 16], conv: { strides: [8, 1] } },
  ] as const)('%o', (change) => {
    const { steps } = compile(graphOf(change));
    expect(steps.map(({ op, geometry }) => [op, geometry.pool])).toEqual([
      ['conv2d', change.op === 'averagepool2d' ? 2 : 1],
    ]);
  });

  test.for([
    { size: [14, 14, 2], kernel: [3, 3, 2, 6] },
    { kernel: [3, 3, 1, 17] },
    { size: [14, 9, 1] },
    { kernel: [9, 3, 1, 6] },
    { conv: { strides: [1, 2] }, size: [14, 28, 1] },
    { conv: { strides: [4, 1] } },
    { conv: { dilations: [2, 1] } },
    { pool: { strides: [1, 2] } },
    { pool: { poolSize: [3, 2] } },
    { pool: { padding: [1, 0, 0, 0] } },
    { pool: { ceilMode: true }, size: [15, 14, 1] },
  ])('a step of its own for %o', (change) => {
    expect(steps(graphOf(change))).toEqual(['conv2d', 'maxpool2d']);
  });

  test('what no kernel can do is refused', () => {
    const refused = (size: number[], kernel: number[], conv: object) => () =>
      graphOf({ size, kernel, conv: { pool: 'max', ...conv } });
    expect(refused([14, 14, 2], [3, 3, 2, 6], {})).toThrow(ShapeError);
    expect(refused([14, 14, 1], [3, 3, 1, 6], { strides: [1, 2] })).toThrow(
      /got the kernel.*strides \[1, 2\]/,
    );
  });
});

describe.for(available)('on $title', ({ options }) => {
  const next = random(11);
  const data = floats(next, 3 * 29 * 31);

  /** Two branches side by side; the pooling stands alone where the images before it are outputs as well. */
  const branches = (alone: boolean, threads: number) => {
    const x = input({ name: 'x', shape: [29, 31, 1] });
    const conv = (filters: number, kernelSize: number, activation: 'tanh' | 'relu') =>
      layers.conv2d({ filters, kernelSize, padding: 'same', activation }).apply(x);
    const [a, b] = [conv(6, 5, 'tanh'), conv(9, 3, 'relu')];
    const [p, q] = [layers.averagePooling2d().apply(a), layers.maxPooling2d().apply(b)];
    const y = layers.concatenate({ name: 'y' }).apply([p, q]);
    return model({ ...options, threads, seed: 4, inputs: x, outputs: alone ? [y, a, b] : y });
  };
  const run = (alone: boolean, threads = 1, batch = 3): Float32Array => {
    const shape = [batch, 29, 31, 1];
    const x = { shape, data: data.subarray(0, batch * 29 * 31), dtype: 'float32' as const };
    const net = branches(alone, threads);
    const y = alone ? net.predictSync({ x }).y : net.predictSync(x);
    return (y as Tensor).data as Float32Array;
  };

  test('the same numbers as a step of its own, for any batch and threads', () => {
    const fused = run(false);
    expect(relativeError(fused, run(true))).toBeLessThan(2e-7);
    expectSameBits(run(false, 2), fused);
    expectSameBits(run(false, 1, 1), fused.subarray(0, fused.length / 3));
  });
});
