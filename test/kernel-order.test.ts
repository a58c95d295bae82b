import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { available, open } from './support/engines.js';
import { compile, graphBuilder } from './support/internals.js';
import { floats, random } from './support/random.js';

const window = { strides: [1, 1], padding: [1, 1, 1, 1], dilations: [1, 1] };
const size = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);

/** [kh, kw, i, o] -> [o, i, kh, kw] */
function toOihw(kernel: Float32Array, [kh, kw, ci, co]: readonly [number, number, number, number]) {
  const to = new Float32Array(kernel.length);
  for (let cell = 0; cell < kh * kw; cell++)
    for (let i = 0; i < ci; i++)
      for (let o = 0; o < co; o++)
        to[(o * ci + i) * kh * kw + cell] = kernel[(cell * ci + i) * co + o] as number;
  return to;
}

/** A convolution with batch norm behind it, in both orders of its kernel. */
function plans(op: 'conv2d' | 'depthwise2d', kernelShape: readonly [number, number, number, number]) {
  const [kh, kw, ci, co] = kernelShape;
  const channels = op === 'conv2d' ? co : ci * co;
  const shape = [5, 6, op === 'conv2d' ? 2 * ci : ci];
  const next = random(3);
  const kernel = floats(next, size(kernelShape));
  const vectors = ['bias', 'mean', 'variance', 'gamma', 'beta'].map((name) => ({
    name,
    data: floats(next, channels, 0.5, 2),
  }));
  const x = floats(next, size(shape) * 3);
  const plan = (oihw: boolean) => {
    const graph = graphBuilder();
    const [bias, ...statistics] = vectors.map(({ name, data }) => graph.constant(name, [channels], data));
    const weights = oihw
      ? op === 'conv2d'
        ? graph.constant('kernel', [co, ci, kh, kw], toOihw(kernel, kernelShape))
        : graph.constant('kernel', [channels, 1, kh, kw], toOihw(kernel, [kh, kw, 1, channels]))
      : graph.constant('kernel', kernelShape, kernel);
    const attributes = {
      ...window,
      ...(op === 'conv2d' ? { groups: 2 } : {}),
      kernelOrder: oihw ? 'oihw' : 'hwio',
    };
    const [y] = graph.node(op, 'conv', attributes, [graph.input('x', shape), weights, bias as number]) as [
      number,
    ];
    return compile(graph.finish(graph.node('batchnorm', 'bn', { epsilon: 1e-3 }, [y, ...statistics])));
  };
  return { x, plan };
}

for (const engine of available) {
  describe(`order of kernels on ${engine.name}`, () => {
    const run = (plan: ReturnType<typeof compile>, x: Float32Array): Float32Array => {
      const outputs = plan.outputs.map(({ size: floatsOf }) => new Float32Array(3 * floatsOf));
      open(engine).load(plan).runSync(3, [x], outputs);
      return outputs[0] as Float32Array;
    };

    test.for([
      { op: 'conv2d', shape: [3, 3, 5, 14] },
      { op: 'conv2d', shape: [1, 1, 7, 10] },
      { op: 'depthwise2d', shape: [3, 3, 19, 1] },
      { op: 'depthwise2d', shape: [3, 2, 5, 2] },
    ] as const)('$op $shape: the same bits from oihw as from hwio, batch norm folded', ({ op, shape }) => {
      const { x, plan } = plans(op, shape);
      const [hwio, oihw] = [plan(false), plan(true)];
      expect(oihw.steps.map((step) => step.op)).toEqual([op]);
      expectSameBits(run(oihw, x), run(hwio, x));
    });

    test('a residual that is read for the last time is overwritten, with the same bits as one that is kept', () => {
      const shape = [4, 5, 19];
      const next = random(8);
      const [kernel, bias] = [floats(next, 19 * 19 * 9), floats(next, 19)];
      const x = floats(next, 3 * size(shape));
      const build = (kept: boolean) => {
        const graph = graphBuilder();
        const id = graph.input('x', shape);
        const [a] = graph.node('unary', 'a', { activation: 'relu', beta: 1 }, [id]) as [number];
        const [b] = graph.node('unary', 'b', { activation: 'tanh' }, [id]) as [number];
        const inputs = [a, graph.constant('k', [3, 3, 19, 19], kernel), graph.constant('c', [19], bias), b];
        const [y] = graph.node('conv2d', 'y', { ...window, groups: 1, residual: true }, inputs) as [number];
        // Not an output itself, which would have memory of its own.
        const [z] = graph.node('softmax', 'z', { axis: 2 }, [y]) as [number];
        return compile(graph.finish(kept ? [z, b] : [z]));
      };
      const plan = build(false);
      const step = plan.steps.find(({ op }) => op === 'conv2d');
      expect(step?.outputs[0]).toEqual(step?.inputs[3]);
      expectSameBits(run(plan, x), run(build(true), x));
    });
  });
}

test('kernels in an order that does not fit', () => {
  const graph = graphBuilder();
  const x = graph.input('x', [5, 5, 6]);
  const kernel = graph.constant('k', [4, 6, 3, 3], new Float32Array(216));
  const conv = (attributes: object, more: readonly number[] = []) =>
    graph.node('conv2d', 'conv', { ...window, groups: 1, ...attributes }, [x, kernel, ...more]);
  expect(graph.value(conv({ kernelOrder: 'oihw' })[0] as number).shape).toEqual([5, 5, 4]);
  expect(() => conv({})).toThrow('expected an input with 3 channels for kernel [4, 6, 3, 3], got 6');
  expect(() => conv({ kernelOrder: 'ohwi' })).toThrow('expected kernelOrder to be hwio or oihw, got "ohwi"');
  expect(() => conv({ kernelOrder: 'oihw', groups: 2 })).toThrow(
    'expected an input with 12 channels for kernel [4, 6, 3, 3] in 2 groups, got 6',
  );
  const bias = graph.constant('b', [4], new Float32Array(4));
  const oihw = { kernelOrder: 'oihw', residual: true };
  expect(() => conv(oihw, [bias])).toThrow('expected 4 inputs, got 3');
  expect(() => conv(oihw, [bias, x])).toThrow('expected a residual of shape [5, 5, 4], got [5, 5, 6]');
  const depthwise = (shape: readonly number[]) =>
    graph.node('depthwise2d', 'deep', { ...window, kernelOrder: 'oihw' }, [
      x,
      graph.constant('k', shape, new Float32Array(size(shape))),
    ]);
  expect(graph.value(depthwise([12, 1, 3, 3])[0] as number).shape).toEqual([5, 5, 12]);
  expect(() => depthwise([12, 2, 3, 3])).toThrow(
    'expected kernel to be [channels * multiplier, 1, height, width], got [12, 2, 3, 3]',
  );
  expect(() => depthwise([8, 1, 3, 3])).toThrow('expected an input with channels that divide the filters');
});
