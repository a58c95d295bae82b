import { describe, expect, test } from 'vitest';
import { type Graph, layout } from '../support/internals.js';
import { random } from '../support/random.js';
import { Spelled, windowOf } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

const isPermutation = ({ op, attributes }: Graph['nodes'][number]): boolean =>
  op === 'copy' && 'kind' in attributes && attributes.kind === 'permute';

/** How many permutations are left, and that the result is the same. */
function permutations(graph: Graph, batch?: number): number {
  expectAsUnfused(graph, batch);
  return layout(graph).nodes.filter(isPermutation).length;
}

/** The image that a network begins with: one permutation for what comes in as [c, h, w]. */
const entry = 1;

describe('networks spelled for [c, h, w] run channels last', () => {
  test('residual blocks, global average pooling and a dense layer', () => {
    const net = new Spelled();
    let x = net.relu(net.batchNorm(net.conv(net.input(3, 12, 10), 8, 3, { pad: 1, bias: false })));
    x = net.maxPool(x);
    for (const stride of [1, 2]) {
      const inner = net.relu(net.batchNorm(net.conv(x, 8, 3, { stride, pad: 1 })));
      const sum = net.batchNorm(net.conv(inner, 8, 3, { pad: 1 }));
      const shortcut = stride === 1 ? x : net.batchNorm(net.conv(x, 8, 1, { stride }));
      x = net.relu(net.binary('add', stride === 1 ? shortcut : sum, stride === 1 ? sum : shortcut));
    }
    expect(permutations(net.finish(net.head(x)))).toBe(entry);
  });

  test('fire modules', () => {
    const net = new Spelled();
    let x = net.relu(net.conv(net.input(3, 9, 9), 8, 3, { stride: 2 }));
    for (let i = 0; i < 2; i++) {
      const squeezed = net.relu(net.conv(x, 4));
      x = net.concat(net.relu(net.conv(squeezed, 6)), net.relu(net.conv(squeezed, 6, 3, { pad: 1 })));
    }
    expect(permutations(net.finish(net.head(net.relu(net.conv(x, 5)))))).toBe(entry);
  });

  test('dense blocks', () => {
    const net = new Spelled();
    let x = net.conv(net.input(3, 8, 8), 6, 3, { pad: 1 });
    for (let i = 0; i < 3; i++) {
      const slim = net.relu(net.batchNorm(net.conv(net.relu(net.batchNorm(x)), 8)));
      x = net.concat(x, net.conv(slim, 4, 3, { pad: 1 }));
    }
    const constants = [net.weight([18, 1, 1]), net.weight([18, 1, 1])] as const;
    x = net.relu(net.binary('add', net.binary('multiply', x, constants[0]), constants[1]));
    x = net.around('averagepool2d', { ...windowOf(2), poolSize: [2, 2] }, x);
    expect(permutations(net.finish(net.head(x)))).toBe(entry);
  });

  test('squeeze and excitation', () => {
    const net = new Spelled();
    let x = net.unary('hardswish', net.batchNorm(net.conv(net.input(3, 8, 8), 8, 3, { pad: 1 })));
    for (let i = 0; i < 2; i++) {
      const inner = net.depthwise(net.conv(x, 16));
      const mean = net.node('reduce', { kind: 'mean', axes: [1, 2], keepDims: true }, inner);
      const gate = net.unary('sigmoid', net.conv(net.relu(net.conv(mean, 4)), 16));
      x = net.binary('add', x, net.conv(net.binary('multiply', gate, inner), 8));
    }
    expect(permutations(net.finish(net.head(x)))).toBe(entry);
  });

  test('shuffle units: one permutation each', () => {
    const net = new Spelled();
    let x = net.conv(net.input(3, 8, 8), 12, 3, { stride: 2, pad: 1 });
    for (let i = 0; i < 2; i++) {
      const inner = net.relu(net.conv(x, 12, 1, { groups: 3 }));
      const shuffled = net.permute(net.reshape(inner, 3, 4, 4, 4), 1, 0, 2, 3);
      const narrow = net.depthwise(net.reshape(shuffled, 12, 4, 4));
      x = net.relu(net.binary('add', x, net.conv(narrow, 12, 1, { groups: 3 })));
    }
    expect(permutations(net.finish(net.head(x)))).toBe(entry + 2);
  });

  test('channel splits', () => {
    const net = new Spelled();
    const x = net.conv(net.input(3, 8, 8), 12, 3, { pad: 1 });
    const half = (begin: number): number =>
      net.node('copy', { kind: 'slice', begin: [begin, 0, 0], size: [6, 8, 8] }, x);
    const joined = net.concat(half(0), net.conv(half(6), 6));
    const shuffled = net.permute(net.reshape(joined, 2, 6, 8, 8), 1, 0, 2, 3);
    expect(permutations(net.finish(net.head(net.conv(net.reshape(shuffled, 12, 8, 8), 4))))).toBe(entry + 1);
  });

  test('depth to space and back, both spellings', () => {
    const net = new Spelled();
    let x = net.conv(net.input(3, 4, 6), 12, 3, { pad: 1 });
    // Blocks first, then channels first.
    x = net.reshape(net.permute(net.reshape(x, 2, 2, 3, 4, 6), 2, 3, 0, 4, 1), 3, 8, 12);
    x = net.conv(x, 3, 3, { pad: 1 });
    x = net.reshape(net.permute(net.reshape(x, 3, 4, 2, 6, 2), 2, 4, 0, 1, 3), 12, 4, 6);
    x = net.conv(x, 12);
    x = net.reshape(net.permute(net.reshape(x, 3, 2, 2, 4, 6), 0, 3, 1, 4, 2), 3, 8, 12);
    x = net.conv(x, 3);
    x = net.reshape(net.permute(net.reshape(x, 3, 4, 2, 6, 2), 0, 2, 4, 1, 3), 12, 4, 6);
    expect(permutations(net.finish(net.head(net.conv(x, 4))))).toBe(entry + 4);
  });

  test('pixel shuffle as the output: one permutation', () => {
    const net = new Spelled();
    const x = net.conv(net.input(1, 4, 6), 12, 3, { pad: 1 });
    const shuffled = net.permute(net.reshape(x, 3, 2, 2, 4, 6), 0, 3, 1, 4, 2);
    expect(permutations(net.finish(net.reshape(shuffled, 3, 8, 12)))).toBe(1);
  });

  test('flattening what is not pooled: one permutation', () => {
    const net = new Spelled();
    const x = net.relu(net.conv(net.input(1, 6, 6), 4, 3));
    const flat = net.reshape(x, 64);
    expect(permutations(net.finish(net.node('matmul', {}, flat, net.weight([64, 5]))))).toBe(1);
  });

  test('pads, padding by slices, softmax over channels, a maximum over channels, a picture out', () => {
    const net = new Spelled();
    const pads = [
      [0, 0],
      [1, 2],
      [2, 1],
    ];
    const x = net.conv(net.input(1, 6, 6), 4, 3);
    const padded = net.node('copy', { kind: 'pad', pads, value: 0.5 }, x);
    const classes = net.node('softmax', { axis: 0 }, net.conv(padded, 5, 3));
    const best = net.node('reduce', { kind: 'max', axes: [0], keepDims: false }, classes);
    const rows = net.node('reduce', { kind: 'sum', axes: [0, 1], keepDims: false }, classes);
    // Channels and rows lie apart: one permutation for them, one for the picture.
    expect(permutations(net.finish(best, classes, rows))).toBe(2);
  });
});

describe('orders of axes', () => {
  test('the batch as an axis: convolutions of items', () => {
    const net = new Spelled();
    const conv = (x: number, channels: number, filters: number): number => {
      const last = net.graph.node('copy', 'p', { kind: 'permute', axes: [0, 2, 3, 1] }, [x])[0] as number;
      const weights = [net.weight([3, 3, channels, filters]), net.weight([filters])];
      const attributes = { ...windowOf(1, 1), groups: 1 };
      const y = net.graph.node('conv2d', 'c', attributes, [last, ...weights], 3)[0] as number;
      const norm = [0, 1, 2, 3].map(() => net.weight([filters], 0.5, 2));
      const z = net.graph.node('batchnorm', 'b', { epsilon: 0 }, [y, ...norm], 3)[0] as number;
      return net.graph.node('copy', 'p', { kind: 'permute', axes: [2, 0, 1] }, [z], 3)[0] as number;
    };
    const x = conv(net.graph.input('x', [3, 2, 5, 4]), 2, 4);
    const y = net.binary('add', conv(net.relu(x), 4, 4), x);
    const mean = net.node('reduce', { kind: 'mean', axes: [2, 3], keepDims: false }, y);
    const product = net.node('matmul', {}, mean, net.weight([4, 6]));
    expect(permutations(net.finish(product), 1)).toBe(entry);
  });

  test('operands of fewer axes, scalars and constants of every rank', () => {
    const net = new Spelled();
    const x = net.conv(net.input(2, 5, 4), 3, 3, { pad: 1 });
    const row = net.graph.input('row', [4]);
    let y = net.binary('add', x, row);
    y = net.binary('multiply', net.weight([1]), y);
    y = net.binary('multiply', y, net.weight([5, 1]));
    y = net.binary('add', net.weight([3, 1, 1]), y);
    y = net.binary('add', y, net.weight([3, 5, 4]));
    expect(permutations(net.finish(net.conv(y, 2)))).toBe(2);
  });

  test('permutations of axes of length 1 and pairs that cancel', () => {
    const net = new Spelled();
    const x = net.input(1, 5, 4);
    const y = net.relu(net.permute(x, 1, 2, 0));
    const z = net.permute(net.unary('tanh', net.permute(net.input(2, 3, 4), 2, 0, 1)), 1, 2, 0);
    expect(permutations(net.finish(net.permute(y, 0, 2, 1), z))).toBe(0);
  });

  test('a value that is read in two orders is moved once for each', () => {
    const net = new Spelled();
    const x = net.input(2, 3, 4);
    const a = net.conv(x, 3);
    const b = net.conv(x, 3);
    expect(permutations(net.finish(net.binary('multiply', a, b), net.relu(x)))).toBe(2);
  });

  test('permutations that would have too many axes together stay where they are', () => {
    const net = new Spelled();
    const x = net.permute(net.input(2, 2, 2, 2, 2, 2, 2), 1, 0, 2, 3, 4, 5, 6);
    const graph = net.finish(net.permute(x, 0, 1, 3, 2, 5, 4, 6));
    expectAsUnfused(graph);
    expect(layout(graph)).toBe(graph);
  });

  test('constants are moved at once', () => {
    const net = new Spelled();
    const matrix = net.permute(net.weight([3, 4]), 1, 0);
    expect(permutations(net.finish(net.node('matmul', {}, net.input(4), matrix)))).toBe(0);
  });

  test('products of samples demand their order', () => {
    const net = new Spelled();
    const [q, k] = [net.input(4, 2, 3), net.input(4, 2, 3)];
    const scores = net.node('matmul', { transposeB: true }, net.permute(q, 1, 0, 2), net.permute(k, 1, 0, 2));
    const y = net.permute(
      net.node('matmul', {}, net.node('softmax', { axis: 2 }, scores), net.permute(k, 1, 0, 2)),
      1,
      0,
      2,
    );
    expect(permutations(net.finish(net.node('matmul', {}, net.reshape(y, 4, 6), net.weight([6, 2]))))).toBe(
      3,
    );
  });
});

/** Ops that take any order, one after the other, on values of rank 1 to 5 with axes of length 1 among them. */
function anyGraph(seed: number): Graph {
  const next = random(seed);
  const pick = (count: number): number => Math.floor(next() * count);
  const any = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const net = new Spelled();
  const picture = net.input(4, 3, 2);
  const values = [picture, net.permute(picture, 2, 0, 1), net.input(6, 1, 4), net.input(2, 2, 6)];
  for (let i = 0; i < 25; i++) {
    const x = any(values);
    const shape = net.shape(x);
    const axis = pick(shape.length);
    const axes = shape.map((_, a) => a).sort(() => next() - 0.5);
    const factors = [
      [24],
      [4, 6],
      [6, 4],
      [2, 12],
      [2, 3, 4],
      [4, 3, 2],
      [6, 1, 4],
      [2, 2, 6],
      [3, 2, 2, 2],
      [2, 2, 1, 3, 2],
    ];
    const same = values.filter((id) => `${net.shape(id)}` === `${shape}`);
    const y = [
      () => net.permute(x, ...axes),
      () => net.permute(x, ...axes),
      () => net.reshape(x, ...any(factors)),
      () => net.reshape(x, ...any(factors)),
      () => net.unary('tanh', x),
      () => net.binary('add', x, any(same)),
      () =>
        net.binary('multiply', x, net.weight(shape.map((length) => (pick(2) ? length : 1)).slice(pick(2)))),
      () => net.node('softmax', { axis }, x),
      () => net.binary('add', x, net.node('reduce', { kind: 'mean', axes: [axis], keepDims: true }, x)),
      () =>
        net.node('scale', {}, x, net.weight([shape.at(-1) as number]), net.weight([shape.at(-1) as number])),
      () => halved(net, net.concat(x, any(same)), shape),
      () =>
        net.node(
          'reduce',
          { kind: 'sum', axes: [0], keepDims: false },
          net.node('concat', { axis: 0 }, net.reshape(x, 1, 24), net.reshape(any(values), 1, 24)),
        ),
    ][pick(12)]?.();
    if (y !== undefined) values.push(y);
  }
  return net.finish(...values.slice(-4));
}

/** The second half of a concatenation, padded and cut again. */
function halved(net: Spelled, x: number, shape: readonly number[]): number {
  const pads = shape.map((_, axis) => [axis, 1]);
  const begin = shape.map((length, axis) => (axis === 0 ? length : axis));
  const padded = net.node('copy', { kind: 'pad', pads, value: 3 }, x);
  return net.node('copy', { kind: 'slice', begin, size: shape }, padded);
}

test.for(Array.from({ length: 60 }, (_, seed) => seed))('any graph, seed %i', (seed) => {
  const graph = anyGraph(seed);
  expectAsUnfused(graph);
  expect(layout(graph)).not.toBe(graph);
});

test('a graph without permutations is left alone', () => {
  const net = new Spelled();
  const graph = net.finish(net.relu(net.input(3)));
  expect(layout(graph)).toBe(graph);
});

test('three thousand nodes in a second, and three on a busy machine', () => {
  const net = new Spelled();
  let x = net.conv(net.input(4, 4, 4), 4);
  for (let i = 0; i < 600; i++) x = net.relu(net.binary('add', x, net.conv(x, 4)));
  const graph = net.finish(x);
  const start = performance.now();
  layout(graph);
  expect(performance.now() - start).toBeLessThan(3000);
});
