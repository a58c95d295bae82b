import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { available, open } from './support/engines.js';
import { compile, graphBuilder, type Plan } from './support/internals.js';
import { floats, random } from './support/random.js';

// 60 channels and 36,000 weights: more than one part of those that threads multiply, which ends within a channel.
const [c, oc] = [60, 60];
const shape = [5, 4, c];
const next = random(4);
const kernel = floats(next, 10 * c * oc);
const shift = floats(next, oc);
const scale = floats(next, oc, -2, 2);
const window = { strides: [1, 1], padding: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };

/** A convolution with a window of 2 x 5, then y * scale + shift for each of `scales`. */
function planOf(
  order: 'hwio' | 'oihw',
  weights: Float32Array,
  scales: readonly Float32Array[],
  bias?: Float32Array,
): Plan {
  const graph = graphBuilder();
  const kernelShape = order === 'oihw' ? [oc, c, 5, 2] : [5, 2, c, oc];
  const inputs = [graph.input('x', shape), graph.constant('k', kernelShape, weights)];
  if (bias) inputs.push(graph.constant('b', [oc], bias));
  let [y] = graph.node('conv2d', 'conv', { ...window, kernelOrder: order }, inputs) as [number];
  for (const factors of scales) {
    const vectors = [graph.constant('s', [oc], factors), graph.constant('t', [oc], shift)];
    [y] = graph.node('scale', 'scale', {}, [y, ...vectors]) as [number];
  }
  return compile(graph.finish([y]));
}

const channelOf = (order: 'hwio' | 'oihw', i: number): number =>
  order === 'oihw' ? Math.floor(i / (10 * c)) : i % oc;

describe('factors are applied where weights are packed', () => {
  test('the plan keeps the weights that it was given, not a copy', () => {
    const plan = planOf('oihw', kernel, [scale]);
    expect(plan.steps.map(({ op }) => op)).toEqual(['conv2d']);
    expect(plan.constants.some((constant) => 'data' in constant && constant.data === kernel)).toBe(true);
  });

  test('an infinite weight, and a product that would be infinite, are not folded', () => {
    const large = Float32Array.from(kernel);
    large[7] = 1e30;
    const many = Float32Array.from(scale, () => 1e10);
    expect(planOf('hwio', large, [many]).steps.map(({ op }) => op)).toEqual(['conv2d', 'scale']);
    large[7] = Number.NaN;
    expect(planOf('hwio', large, [scale]).steps.map(({ op }) => op)).toEqual(['conv2d', 'scale']);
    // The largest weight and the largest factor do not meet.
    large[7] = 0;
    large[0] = 1e30;
    const one = Float32Array.from(scale, (_, channel) => (channel === 1 ? 1e10 : 1));
    expect(planOf('hwio', large, [one]).steps.map(({ op }) => op)).toEqual(['conv2d']);
  });

  for (const engine of available) {
    test.for(['hwio', 'oihw'] as const)(
      `%s on ${engine.name}: the bits of products rounded once`,
      (order) => {
        const x = floats(random(5), 2 * 5 * 4 * c);
        const run = (plan: Plan): Float32Array => {
          const y = new Float32Array(2 * (plan.outputs[0]?.size as number));
          open(engine).load(plan).runSync(2, [x], [y]);
          return y;
        };
        const products = kernel.map((weight, i) => weight * (scale[channelOf(order, i)] as number));
        expectSameBits(run(planOf(order, kernel, [scale])), run(planOf(order, products, [], shift)));
        const twice = kernel.map((weight, i) => {
          const factor = scale[channelOf(order, i)] as number;
          return weight * (factor * factor);
        });
        const bias = shift.map((b, channel) => b * (scale[channel] as number) + b);
        expectSameBits(run(planOf(order, kernel, [scale, scale])), run(planOf(order, twice, [], bias)));
      },
    );
  }
});
