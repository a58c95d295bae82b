import { type Graph, graphBuilder, ShapeError } from './internals.js';
import { floats, random } from './random.js';

const product = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);

/**
 * A convolutional network of whatever fits together: 3x3 convolutions wide enough for Winograd's algorithm, chains of
 * pointwise and depthwise ones, sums with what came before, parts of channels and concatenations, several outputs.
 * With `large`, around values that leave the second cache, so that chains go through the image in strips. Numbers stay
 * near 1, and nothing jumps.
 */
export function anyNetwork(seed: number, large: boolean, steps = 14): Graph {
  const next = random(seed + 1);
  const pick = (below: number): number => Math.floor(next() * below);
  const any = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const chance = (p: number): boolean => next() < p;
  const graph = graphBuilder();
  const shape = (id: number): readonly number[] => graph.value(id).shape;
  const channels = (id: number): number => shape(id)[2] as number;
  const constant = (lengths: readonly number[], size: number): number =>
    graph.constant('k', lengths, floats(next, product(lengths), -size, size));
  const node = (op: Parameters<typeof graph.node>[0], attributes: object, ...inputs: number[]): number =>
    graph.node(op, op, attributes, inputs)[0] as number;
  const act = (): object =>
    any<object>([
      {},
      { activation: 'relu', beta: any([Number.POSITIVE_INFINITY, 6]) },
      { activation: any(['swish', 'hardswish', 'tanh']) },
      { activation: 'leakyrelu', alpha: 0.1 },
    ]);
  const windowOf = (size: number, stride = 1): object => {
    const side = (size - 1) / 2;
    const padding = chance(0.7) ? [side, side, side, side] : Array.from({ length: 4 }, () => pick(size));
    return { strides: [stride, stride], dilations: [1, 1], padding };
  };
  const conv = (x: number, filters: number, size = 1, stride = 1, more = act()): number => {
    const outFirst = chance(0.5);
    const c = channels(x);
    const kernel = outFirst ? [filters, c, size, size] : [size, size, c, filters];
    const attributes = {
      ...windowOf(size, stride),
      ...more,
      groups: 1,
      ...(outFirst && { kernelOrder: 'oihw' }),
    };
    const weights = constant(kernel, Math.sqrt(3 / (size * size * c)));
    return node('conv2d', attributes, x, weights, ...(chance(0.7) ? [constant([filters], 0.3)] : []));
  };
  const depthwise = (x: number): number => {
    const [size, stride] = [any([3, 3, 5]), any([1, 1, 2])];
    const weights = constant([size, size, channels(x), 1], Math.sqrt(3) / size);
    return node('depthwise2d', { ...windowOf(size, stride), ...act() }, x, weights);
  };
  const values: number[] = [];
  const alike = (x: number): number => any(values.filter((id) => `${shape(id)}` === `${shape(x)}`).concat(x));
  const sum = (made: number, first: boolean): number => {
    const other = alike(made);
    return node('binary', { kind: 'add', ...act() }, ...(first ? [made, other] : [other, made]));
  };
  const part = (x: number): number => {
    const begin = pick(channels(x) / 2);
    const size = [...shape(x).slice(0, 2), 1 + pick(channels(x) - begin)];
    return node('copy', { kind: 'slice', begin: [0, 0, begin], size, step: [1, 1, 1] }, x);
  };
  const widths = large ? [8, 12, 20] : [8, 9, 16, 24, 40, 70];
  const wide = large ? [40, 48, 56] : widths;

  const ways: readonly ((x: number) => number)[] = [
    (x) => conv(x, any(widths), 3),
    (x) => conv(x, channels(x), 3),
    (x) => sum(conv(x, channels(x), 3, 1, {}), true),
    (x) => sum(conv(conv(x, any(wide)), channels(x), 1, 1, {}), false),
    (x) => conv(depthwise(conv(x, any(wide))), any(widths)),
    (x) => conv(depthwise(x), any(widths)),
    (x) => conv(part(x), any(widths), any([1, 3])),
    (x) => node('concat', { axis: 2 }, conv(x, any(widths), 1), x),
    (x) => {
      const attributes = { strides: [1, 1], dilations: [1, 1], padding: [1, 1, 1, 1], poolSize: [3, 3] };
      return node('maxpool2d', attributes, x);
    },
  ];

  const side = (): number => (large ? 54 + pick(12) : 5 + pick(20));
  const x = large
    ? graph.input('x', [2 * side(), 2 * side(), 3])
    : graph.input('x', [side(), side(), any(widths)]);
  values.push(large ? conv(x, any(wide), 3, 2) : x);
  while (values.length < steps) {
    const from = chance(0.7) ? (values.at(-1) as number) : any(values);
    try {
      const made = any(ways)(from);
      // What has shrunk too far or grown too much stays out of the network.
      if (Math.min(...shape(made)) >= 3 && channels(made) <= 90) values.push(made);
    } catch (error) {
      // A window that is larger than what is left of the image.
      if (!(error instanceof ShapeError)) throw error;
    }
  }
  return graph.finish([values.at(-1) as number, ...Array.from({ length: pick(3) }, () => any(values))]);
}
