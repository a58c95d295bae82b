import { layers, sequential } from 'neocog';
import { describe, expect, test } from 'vitest';
import { expectSameBits, relativeError } from '../support/bounds.js';
import { available } from '../support/engines.js';
import {
  type AlgorithmOptions,
  compile,
  type Graph,
  graphBuilder,
  ShapeError,
} from '../support/internals.js';
import { floats, random } from '../support/random.js';

const window = { strides: [1, 1], padding: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
const usual: AlgorithmOptions = { exact: false, lowMemory: false, batchHint: 1, weights: 'f32' };

/** A convolution of a [size, size, c] image by 3x3 windows, or by others. */
function graphOf(size: number, c: number, oc: number, attributes: object = {}, kernel = [3, 3]): Graph {
  const graph = graphBuilder();
  const { groups } = { ...window, ...attributes };
  const shape = [...kernel, c / groups, oc];
  const weights = new Float32Array(shape.reduce((product, length) => product * length, 1));
  const inputs = [graph.input('x', [size, size, c]), graph.constant('k', shape, weights)];
  return graph.finish(graph.node('conv2d', 'conv', { ...window, ...attributes }, inputs));
}

function chosen(graph: Graph, options: Partial<AlgorithmOptions> = {}): number | undefined {
  return compile(graph, { ...usual, ...options }).steps[0]?.geometry.winograd;
}

describe('the algorithm of a convolution', () => {
  test.for([
    // size, channels, filters, batchHint, algorithm
    [56, 64, 64, 1, 4],
    [28, 128, 128, 1, 4],
    [14, 256, 256, 1, 4],
    [7, 512, 512, 1, 2],
    [14, 512, 512, 1, 4],
    [28, 512, 512, 1, 4],
    [7, 512, 512, 8, 4],
    [7, 160, 160, 1, 2],
    [10, 128, 128, 1, 2],
    [13, 192, 192, 1, 4],
    [13, 64, 256, 1, 4],
    [27, 32, 128, 1, 4],
    [55, 16, 64, 1, 4],
    [224, 64, 64, 1, 4],
    [224, 3, 64, 1, 0],
    [32, 3, 16, 1, 0],
    [56, 4, 64, 1, 0],
    [28, 16, 32, 1, 4],
    [28, 1, 6, 1, 0],
    [1, 64, 64, 1, 0],
    [2, 64, 64, 1, 0],
  ] as const)('%i x %i -> %i, batch %i: %i', ([size, c, oc, batchHint, wanted]) => {
    expect(chosen(graphOf(size, c, oc), { batchHint })).toBe(wanted);
  });

  test('exact: always the plain sum', () => {
    for (const size of [7, 14, 56]) expect(chosen(graphOf(size, 64, 64), { exact: true })).toBe(0);
  });

  test('lowMemory: weights of at most twice their size', () => {
    for (const size of [7, 14, 56]) expect(chosen(graphOf(size, 64, 64), { lowMemory: true })).toBe(2);
  });

  test.for([
    [{ strides: [2, 2] }, [3, 3]],
    [{ strides: [1, 2] }, [3, 3]],
    [{ dilations: [2, 2] }, [3, 3]],
    [{ groups: 2 }, [3, 3]],
    [{}, [5, 5]],
    [{}, [1, 3]],
  ] as const)('the plain sum for %o and a kernel of %o', ([attributes, kernel]) => {
    expect(chosen(graphOf(56, 64, 64, attributes, [...kernel]))).toBe(0);
  });

  test('the plain sum for weights that are known only in a run', () => {
    const graph = graphBuilder();
    const inputs = [graph.input('x', [56, 56, 64]), graph.input('k', [3, 3, 64, 64], false)];
    expect(chosen(graph.finish(graph.node('conv2d', 'conv', window, inputs)))).toBe(0);
  });

  test('repeated items count as a batch', () => {
    const graph = graphBuilder();
    const kernel = graph.constant('k', [3, 3, 512, 512], new Float32Array(9 * 512 * 512));
    const x = graph.input('x', [8, 7, 7, 512]);
    expect(chosen(graph.finish(graph.node('conv2d', 'conv', window, [x, kernel], 8)))).toBe(4);
  });

  test('what no kernel can do is refused', () => {
    const refused = (attributes: object, kernel?: number[]) => () =>
      compile(graphOf(8, 4, 4, attributes, kernel));
    expect(refused({ winograd: 3 })).toThrow(ShapeError);
    expect(refused({ winograd: 4 }, [5, 5])).toThrow(/window of 3 by 3.*got the kernel \[5, 5, 4, 4\]/);
    expect(refused({ winograd: 2, strides: [2, 2] })).toThrow(/strides \[2, 2\]/);
    expect(refused({ winograd: 2, groups: 2 })).toThrow(/groups 2/);
  });
});

describe.for(available)('a model on $title', ({ options }) => {
  const next = random(3);
  const net = (more: object) =>
    sequential({
      ...options,
      ...more,
      seed: 5,
      layers: [
        layers.conv2d({ inputShape: [21, 18, 24], filters: 40, kernelSize: 3, activation: 'relu' }),
        layers.conv2d({ filters: 24, kernelSize: 3, padding: 'same' }),
      ],
    });
  const x = { shape: [2, 21, 18, 24], data: floats(next, 2 * 21 * 18 * 24), dtype: 'float32' as const };

  test('exact and lowMemory reach the kernels', () => {
    const [fast, exact, small] = [{}, { exact: true }, { lowMemory: true }].map(
      (more) => net(more).predictSync(x).data,
    ) as [Float32Array, Float32Array, Float32Array];
    for (const other of [fast, small]) {
      expect(relativeError(other, exact)).toBeGreaterThan(0);
      expect(relativeError(other, exact)).toBeLessThan(2e-6);
    }
    expect(relativeError(fast, small)).toBeGreaterThan(0);
    expectSameBits(net({ exact: true, lowMemory: true, batchHint: 8 }).predictSync(x).data, exact);
  });
});
