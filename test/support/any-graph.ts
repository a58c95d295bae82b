import { type Graph, graphBuilder, type OpId, ShapeError } from './internals.js';
import { floats, random } from './random.js';

/** Ops and attributes that make sense for the axes of a value, and what else each reads. */
type Step = readonly [op: OpId, attributes: object, ...others: number[]];

const product = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);

/**
 * A graph of whatever fits together, in any rank: values of samples, of all of them and constants; steps that work on
 * whole samples or on their items; values that several steps read, that are given out and read on, or given out twice.
 * Nothing jumps, so that all that differs is rounding.
 */
export function anyGraph(seed: number, steps = 18): Graph {
  const next = random(seed);
  const pick = (below: number): number => Math.floor(next() * below);
  const any = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const chance = (p: number): boolean => next() < p;
  const graph = graphBuilder();
  const values: number[] = [];
  /** How many items per sample the step to come works on. */
  let repeat: number | undefined;

  const shape = (id: number): readonly number[] => {
    const { shape: whole, perSample } = graph.value(id);
    return perSample && repeat !== undefined && whole[0] === repeat ? whole.slice(1) : whole;
  };
  const constant = (lengths: readonly number[], low = -1, high = 1): number =>
    graph.constant('k', lengths, floats(next, product(lengths), low, high));
  const bits = (lengths: readonly number[]): number =>
    graph.constant(
      'bits',
      lengths,
      floats(next, product(lengths)).map((v) => (v < 0 ? 0 : 1)),
    );
  const node = (op: OpId, attributes: object, ...inputs: number[]): number =>
    graph.node(op, op, attributes, inputs, repeat)[0] as number;
  const channels = (id: number): number => shape(id).at(-1) ?? 1;
  const axisOf = (id: number): number => pick(shape(id).length);
  const neighbours = (id: number): number[] => {
    const first = axisOf(id);
    return Array.from({ length: 1 + pick(shape(id).length - first) }, (_, i) => first + i);
  };
  const alike = (x: number, but = -1): number =>
    any(
      values.filter(
        (id) =>
          shape(id).length === shape(x).length &&
          shape(id).every((length, axis) => axis === but || length === shape(x)[axis]),
      ),
    );
  const operand = (x: number): number =>
    any([
      () => constant([]),
      () => constant([channels(x)], 0.5, 1.5),
      () => constant(shape(x).map((length) => (chance(0.5) ? length : 1))),
      () => alike(x),
      () => alike(x),
    ])();
  const act = (): object =>
    any<object>([
      {},
      {},
      { activation: 'relu', beta: any([Number.POSITIVE_INFINITY, 0.5]) },
      { activation: 'leakyrelu', alpha: any([0.1, -0.5]) },
      { activation: 'clip', alpha: any([-0.5, 0, 0.75]), beta: 0.5 },
      { activation: any(['tanh', 'gelu', 'hardswish', 'elu', 'sin', 'abs']), alpha: -0.5 },
    ]);
  const windowOf = (size: number): object => ({
    strides: [1 + pick(2), 1],
    dilations: [1, chance(0.2) ? 2 : 1],
    padding: [pick(size), pick(size), pick(size), pick(size)],
  });
  const poolOf = (): object => ({
    ...windowOf(2),
    poolSize: [2, 2 + pick(2)],
    ...(chance(0.4) && { ceilMode: true }),
  });
  const pad = (x: number, value: number): number => {
    const pads = shape(x).map((_, axis) => (axis < shape(x).length - 1 ? [pick(2), pick(2)] : [0, 0]));
    return node('copy', { kind: 'pad', pads, value }, x);
  };
  const conv = (x: number, filters: number, size = 1 + pick(3), window = windowOf(size)): Step => {
    const c = channels(x);
    const groups = c % 2 === 0 && filters % 2 === 0 && chance(0.3) ? 2 : 1;
    const outFirst = chance(0.5);
    const kernel = outFirst ? [filters, c / groups, size, size] : [size, size, c / groups, filters];
    const attributes = { ...window, ...act(), groups, ...(outFirst && { kernelOrder: 'oihw' }) };
    return [
      'conv2d',
      attributes,
      x,
      constant(kernel, -0.5, 0.5),
      ...(chance(0.5) ? [constant([filters])] : []),
    ];
  };
  const sameConv = (x: number): number => {
    const window = { strides: [1, 1], dilations: [1, 1], padding: [1, 1, 1, 1] };
    const [op, attributes, ...inputs] = conv(x, channels(x), 3, window);
    return node(op, { ...attributes, activation: 'none' }, ...inputs);
  };
  const depthwise = (x: number): Step => {
    const [c, outFirst] = [channels(x), chance(0.5)];
    const kernel = constant(outFirst ? [2 * c, 1, 3, 2] : [3, 2, c, 2]);
    return ['depthwise2d', { ...windowOf(2), ...act(), ...(outFirst && { kernelOrder: 'oihw' }) }, x, kernel];
  };
  const slice = (x: number): Step => {
    const step = shape(x).map((length) => (length > 1 ? any([1, 1, 2, -1]) : 1));
    const size = shape(x).map((length, axis) => Math.ceil(length / Math.abs(step[axis] as number)));
    const begin = shape(x).map((length, axis) => ((step[axis] as number) < 0 ? length - 1 : 0));
    return ['copy', { kind: 'slice', begin, size, step }, x];
  };
  const gather = (x: number): Step => {
    const axis = axisOf(x);
    const length = shape(x)[axis] as number;
    const index = Float32Array.from({ length: 6 }, () => pick(length + 2) - 1);
    return [
      'resample',
      { axis, fill: any([0, 0.5]) },
      x,
      graph.constant('index', [3, 2], index),
      constant([3, 2]),
    ];
  };
  const batchNorm = (x: number): Step => {
    const c = [channels(x)];
    const statistics = [constant(c), constant(c, 0.5, 2), constant(c), constant(c)];
    return ['batchnorm', { epsilon: 1e-3, ...act() }, x, ...statistics];
  };

  const ways: readonly ((x: number) => Step)[] = [
    (x) => conv(x, 1 + pick(9)),
    (x) => conv(pad(x, any([0, 0, 1])), 4),
    (x) => conv(node('scale', {}, x, constant([channels(x)]), constant([channels(x)], 0, pick(2))), 3),
    depthwise,
    (x) => [
      'convtranspose2d',
      { ...windowOf(1), strides: [2, 1], outputPadding: [0, 0], ...act() },
      x,
      constant([2, 2, 3, channels(x)]),
    ],
    batchNorm,
    (x) => batchNorm(sameConv(x)),
    (x) => {
      const y = sameConv(x);
      const scaled = node('scale', {}, y, constant([channels(x)]), constant([channels(x)]));
      return ['binary', { kind: 'multiply' }, scaled, y];
    },
    (x) => ['scale', act(), x, constant([channels(x)]), constant([channels(x)])],
    (x) => ['unary', { activation: 'softplus', ...act() }, x],
    (x) => ['binary', { kind: any(['add', 'subtract', 'multiply']), ...act() }, x, operand(x)],
    (x) => ['binary', { kind: any(['add', 'subtract', 'maximum', 'minimum']), ...act() }, operand(x), x],
    (x) => ['binary', { kind: any(['divide', 'prelu']) }, x, constant(any([[], [channels(x)]]), 0.5, 2)],
    (x) => ['binary', { kind: 'power' }, x, graph.constant('two', [], Float32Array.of(2))],
    (x) => ['binary', { kind: 'multiply' }, x, node('unary', { activation: 'sigmoid' }, x)],
    (x) => ['binary', { kind: 'add', ...act() }, sameConv(x), alike(x)],
    (x) => ['binary', { kind: 'add', ...act() }, x, sameConv(alike(x))],
    (x) => {
      const y = sameConv(x);
      return ['binary', { kind: 'add', ...act() }, y, node('unary', { activation: 'sin' }, y)];
    },
    (x) => {
      const y = node('unary', { activation: 'sin' }, x);
      return ['binary', { kind: 'add', ...act() }, sameConv(y), y];
    },
    (x) => ['where', {}, bits(shape(x)), x, operand(x)],
    (x) => ['where', {}, node('unary', { activation: 'relu', beta: 1 }, x), operand(x), operand(x)],
    (x) => ['averagepool2d', { ...windowOf(2), poolSize: [3, 3], includePadding: chance(0.5) }, pad(x, 0)],
    (x) => ['maxpool2d', { ...poolOf(), poolSize: [3, 3] }, pad(x, Number.NEGATIVE_INFINITY)],
    (x) => ['maxpool2d', poolOf(), chance(0.5) ? pad(x, any([0, Number.NEGATIVE_INFINITY])) : x],
    (x) => ['maxpool2d', poolOf(), pad(node('unary', { activation: 'relu', beta: 6 }, x), 0)],
    (x) => ['averagepool2d', { ...poolOf(), includePadding: chance(0.5) }, chance(0.5) ? pad(x, 0) : x],
    (x) => [
      'reduce',
      { kind: any(['mean', 'sum', 'max', 'min']), axes: neighbours(x), keepDims: chance(0.5) },
      x,
    ],
    (x) => ['softmax', { axis: axisOf(x), log: chance(0.3) }, x],
    (x) => ['normalize', { axes: neighbours(x), epsilon: 0.1 }, x],
    (x) => ['lrn', { size: 1 + pick(4), alpha: 0.3, beta: 0.75, bias: 1 }, x],
    gather,
    slice,
    (x) => ['copy', { kind: 'tile', repeats: shape(x).map((length) => (length < 5 ? 1 + pick(2) : 1)) }, x],
    (x) => ['copy', { kind: 'permute', axes: shape(x).map((_, axis) => shape(x).length - 1 - axis) }, x],
    (x) => {
      const axes = shape(x).map((_, axis) => axis);
      return ['copy', { kind: 'permute', axes: [...axes.slice(1), ...axes.slice(0, 1)] }, x];
    },
    (x) => ['reshape', { shape: [...shape(x).slice(0, -2), -1] }, x],
    (x) => ['reshape', { shape: shape(x).flatMap((length) => (length % 2 ? [length] : [2, length / 2])) }, x],
    (x) => {
      const axis = axisOf(x);
      const y = node('unary', { activation: 'sin' }, x);
      return ['concat', { axis }, y, constant(shape(x).with(axis, 1)), any([x, y, alike(x, axis)])];
    },
    (x) => ['concat', { axis: shape(x).length - 1 }, sameConv(x), x, sameConv(alike(x))],
    (x) => {
      const axis = shape(x).length - 1;
      return ['concat', { axis }, node('concat', { axis }, sameConv(x), sameConv(x)), x];
    },
    (x) => ['matmul', act(), x, constant([channels(x), 1 + pick(6)], -0.5, 0.5)],
    (x) => ['matmul', { transposeB: true, ...act() }, x, constant([3, channels(x)]), constant([3])],
    (x) => ['matmul', { transposeB: true }, x, alike(x)],
  ];

  const x = graph.input(
    'x',
    any([
      [1 + pick(5), 1 + pick(6), 1 + pick(9)],
      [2, 3, 4, 5],
      [4, 6],
    ]),
  );
  values.push(x, graph.input('shared', shape(x), false), constant(shape(x)));
  for (let step = 0; step < steps; step++) {
    const from = chance(0.6) ? (values.at(-1) as number) : any(values);
    repeat = chance(0.2) && graph.value(from).perSample ? graph.value(from).shape[0] : undefined;
    if (shape(from).length === 0) continue;
    try {
      const [op, attributes, ...inputs] = any(ways)(from);
      const made = node(op, attributes, ...inputs);
      repeat = undefined;
      // Bounded, so that sums of sums stay near 1.
      if (product(shape(made)) > 3000) continue;
      values.push(node('unary', { activation: 'tanh' }, made));
      if (chance(0.3)) values.push(made);
    } catch (error) {
      // What does not fit the axes of this value is left out.
      if (!(error instanceof ShapeError)) throw error;
    }
    repeat = undefined;
  }
  return graph.finish([values.at(-1) as number, ...Array.from({ length: pick(4) }, () => any(values))]);
}
