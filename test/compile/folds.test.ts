import { describe, expect, test } from 'vitest';
import type { Graph, Plan } from '../support/internals.js';
import { Spelled, windowOf } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

const opsOf = ({ steps }: Plan): string[] => steps.map(({ op }) => op);
const folded = (graph: Graph): string[] => opsOf(expectAsUnfused(graph));

/** Convolution weights in both orders, on values [h, w, c]. */
const orders = ['hwio', 'oihw'] as const;

function kernelOf(
  net: Spelled,
  order: (typeof orders)[number],
  [kh, kw, i, o]: [number, number, number, number],
) {
  return net.weight(order === 'hwio' ? [kh, kw, i, o] : [o, i, kh, kw]);
}

describe('arithmetic with constants', () => {
  test('goes into what is before it: convolutions, products, depthwise, transposed', () => {
    for (const kernelOrder of orders) {
      const net = new Spelled();
      const x = net.input(5, 5, 4);
      const conv = { ...windowOf(1, 1), kernelOrder };
      let y = net.node(
        'conv2d',
        { ...conv, groups: 2 },
        x,
        kernelOf(net, kernelOrder, [3, 3, 2, 6]),
        net.weight([6]),
      );
      y = net.binary('divide', net.binary('subtract', y, net.weight([6])), net.weight([1, 1, 6], 1, 2));
      y = net.relu(net.binary('add', net.binary('multiply', net.number(3), y), net.weight([1])));
      const depthwise = kernelOrder === 'hwio' ? net.weight([3, 3, 6, 2]) : net.weight([12, 1, 3, 3]);
      y = net.binary('subtract', net.number(1), net.node('depthwise2d', conv, y, depthwise));
      y = net.unary('tanh', net.node('scale', {}, y, net.weight([12]), net.weight([12])));
      y = net.node(
        'convtranspose2d',
        { ...windowOf(2), outputPadding: [0, 0] },
        y,
        net.weight([2, 2, 3, 12]),
      );
      y = net.unary('tanh', net.binary('add', y, net.weight([3])));
      for (const transposeB of [false, true]) {
        y = net.node('matmul', { transposeB }, y, net.weight([3, 3]));
        y = net.unary('tanh', net.binary('multiply', net.binary('add', y, net.weight([3])), net.weight([3])));
      }
      expect(folded(net.finish(y))).toEqual(['conv2d', 'depthwise2d', 'convtranspose2d', 'matmul', 'matmul']);
    }
  });

  test('in a row becomes one scale; alone it stays', () => {
    const net = new Spelled();
    const x = net.input(4, 4, 3);
    const y = net.binary('divide', net.binary('subtract', x, net.weight([3])), net.weight([3], 1, 2));
    const z = net.binary('multiply', x, net.number(2));
    expect(folded(net.finish(net.relu(net.binary('add', y, net.number(1))), z))).toEqual(['binary', 'scale']);
  });

  test('stays where others read the value between, where a function stands there, and where it is no line', () => {
    const net = new Spelled();
    const x = net.node('matmul', {}, net.input(4, 3), net.weight([3, 3]));
    const rows = net.binary('multiply', x, net.weight([4, 1]));
    const inverse = net.binary('divide', net.number(1), net.binary('add', net.relu(rows), net.number(3)));
    expect(folded(net.finish(x, inverse, net.binary('multiply', x, net.number(3))))).toEqual([
      'matmul',
      'binary',
      'binary',
      'binary',
      'binary',
    ]);
  });
});

describe('arithmetic before an op with weights', () => {
  test('goes into its weights and bias', () => {
    for (const kernelOrder of orders) {
      const net = new Spelled();
      const norm = (x: number, c: number) => net.node('scale', {}, x, net.weight([c]), net.weight([c]));
      let y = norm(net.input(7, 7, 4), 4);
      y = net.relu(
        net.node(
          'conv2d',
          { ...windowOf(), groups: 2, kernelOrder },
          y,
          kernelOf(net, kernelOrder, [3, 3, 2, 6]),
        ),
      );
      const depthwise = kernelOrder === 'hwio' ? net.weight([3, 3, 6, 2]) : net.weight([12, 1, 3, 3]);
      y = net.relu(
        net.node('depthwise2d', { ...windowOf(), kernelOrder }, norm(y, 6), depthwise, net.weight([12])),
      );
      y = net.relu(net.node('matmul', {}, norm(y, 12), net.weight([12, 3]), net.weight([3])));
      y = net.node(
        'matmul',
        { transposeB: true },
        net.binary('multiply', y, net.number(0.25)),
        net.weight([5, 3]),
      );
      expect(folded(net.finish(y))).toEqual(['conv2d', 'depthwise2d', 'matmul', 'matmul']);
    }
  });

  test('not before padding, unless it only multiplies', () => {
    const net = new Spelled();
    const x = net.input(5, 5, 3);
    const conv = (y: number) =>
      net.node('conv2d', { ...windowOf(1, 1), groups: 1 }, y, net.weight([3, 3, 3, 2]));
    const shifted = conv(net.node('scale', {}, x, net.weight([3]), net.weight([3])));
    const multiplied = conv(net.binary('divide', x, net.number(255)));
    expect(folded(net.finish(shifted, multiplied))).toEqual(['scale', 'conv2d', 'conv2d']);
  });

  test('not for one of several readers, and not before a product of samples', () => {
    const net = new Spelled();
    const x = net.node('scale', {}, net.input(3, 3), net.weight([3]), net.weight([3]));
    const products = [net.node('matmul', {}, x, net.weight([3, 3])), net.node('matmul', {}, x, x)];
    expect(folded(net.finish(...products))).toEqual(['scale', 'matmul', 'matmul']);
  });
});

describe('padding', () => {
  const pads = [
    [1, 2],
    [0, 1],
    [0, 0],
  ];
  const pad = (net: Spelled, x: number, value = 0, by: number[][] = pads) =>
    net.node('copy', { kind: 'pad', pads: by, value }, x);
  const pool = { ...windowOf(2), poolSize: [3, 3] };

  test('goes into the windows behind it', () => {
    const net = new Spelled();
    const x = net.input(6, 6, 3);
    const conv = net.node('conv2d', { ...windowOf(2, 1), groups: 1 }, pad(net, x), net.weight([3, 3, 3, 2]));
    const depthwise = net.node('depthwise2d', windowOf(), pad(net, x), net.weight([3, 3, 3, 1]));
    const max = net.node('maxpool2d', pool, pad(net, x, Number.NEGATIVE_INFINITY));
    const positive = net.node('maxpool2d', pool, pad(net, net.relu(x)));
    const mean = net.node('averagepool2d', pool, pad(net, x));
    const steps = folded(net.finish(conv, depthwise, max, positive, mean));
    expect(steps.filter((op) => op === 'copy')).toEqual([]);
    expect(steps.length).toBe(6);
  });

  test('of items, where the batch is an axis', () => {
    const net = new Spelled();
    const padded = pad(net, net.input(2, 6, 6, 3), 0, [[0, 0], ...pads]);
    const weight = net.weight([3, 3, 3, 2]);
    const [y] = net.graph.node('conv2d', 'c', { ...windowOf(), groups: 1 }, [padded, weight], 2) as [number];
    expect(folded(net.finish(y))).toEqual(['conv2d']);
  });

  test('stays where it is not the same', () => {
    const net = new Spelled();
    const x = net.input(6, 6, 3);
    const conv = (y: number, channels = 3) =>
      net.node('conv2d', { ...windowOf(), groups: 1 }, y, net.weight([3, 3, channels, 2]));
    const outputs = [
      conv(pad(net, x, 1)),
      conv(
        pad(net, x, 0, [
          [1, 1],
          [1, 1],
          [0, 1],
        ]),
        4,
      ),
      net.node('maxpool2d', pool, pad(net, x)),
      // Relu, since no norm can be taken of -Infinity.
      net.relu(
        net.node(
          'maxpool2d',
          pool,
          pad(net, x, Number.NEGATIVE_INFINITY, [
            [3, 0],
            [0, 0],
            [0, 0],
          ]),
        ),
      ),
      net.node('maxpool2d', { ...pool, ceilMode: true }, pad(net, net.relu(x))),
      net.node('averagepool2d', { ...pool, padding: [1, 1, 1, 1] }, pad(net, x)),
    ];
    const copies = folded(net.finish(...outputs)).filter((op) => op === 'copy');
    // The maximum without relu and the mean read the same padding.
    expect(copies.length).toBe(5);
  });
});

describe('sums of convolutions', () => {
  test('are computed by the later one, with the function behind the sum', () => {
    const net = new Spelled();
    const x = net.relu(net.conv(net.input(3, 6, 6), 4, 3, { pad: 1 }));
    const inner = net.conv(net.relu(net.conv(x, 4, 3, { pad: 1 })), 4, 3, { pad: 1, bias: false });
    const y = net.relu(net.binary('add', net.batchNorm(inner), x));
    const z = net.relu(net.binary('add', net.conv(y, 4), net.batchNorm(net.conv(y, 4))));
    const plan = expectAsUnfused(net.finish(net.head(z)));
    expect(opsOf(plan).slice(1)).toEqual([...Array(5).fill('conv2d'), 'reduce', 'matmul']);
    expect(plan.steps.map(({ geometry }) => geometry.residual ?? 0)).toEqual([0, 0, 0, 1, 0, 1, 0, 0]);
  });

  test('stay where the convolution is read twice, has a function, or is of another shape', () => {
    const net = new Spelled();
    const x = net.input(6, 6, 3);
    const conv = (filters = 3) =>
      net.node('conv2d', { ...windowOf(), groups: 1 }, x, net.weight([1, 1, 3, filters]));
    const twice = conv();
    const outputs = [
      net.binary('add', twice, x),
      net.binary('add', twice, twice),
      net.binary('add', net.relu(conv()), x),
      net.binary('add', conv(1), x),
      net.binary('multiply', conv(), x),
      net.binary('add', conv(), net.weight([6, 6, 3])),
    ];
    expect(folded(net.finish(...outputs)).filter((op) => op === 'binary').length).toBe(6);
  });
});

test('squeeze and excitation are few steps', () => {
  const net = new Spelled();
  const x = net.relu(net.conv(net.input(3, 6, 6), 8, 3, { pad: 1 }));
  const mean = net.node('reduce', { kind: 'mean', axes: [1, 2], keepDims: true }, x);
  const gate = net.unary('sigmoid', net.conv(net.relu(net.conv(mean, 2)), 8));
  const y = net.conv(net.binary('multiply', x, gate), 4);
  expect(folded(net.finish(net.head(y))).slice(1)).toEqual([
    ...['conv2d', 'reduce', 'conv2d', 'conv2d', 'binary', 'conv2d'],
    ...['reduce', 'matmul'],
  ]);
});

describe('a factor per channel and sample before a convolution of single cells', () => {
  const net = (side: number, { pad = 0, read = false, gateFirst = false } = {}) => {
    const net = new Spelled();
    const x = net.relu(net.conv(net.input(3, side, side), 8, 3, { pad: 1 }));
    const mean = net.node('reduce', { kind: 'mean', axes: [1, 2], keepDims: true }, x);
    const gate = net.unary('sigmoid', net.conv(mean, 8));
    const product = gateFirst ? net.binary('multiply', gate, x) : net.binary('multiply', x, gate);
    const y = net.conv(product, 4, 1, { pad });
    const { steps } = expectAsUnfused(net.finish(y, ...(read ? [product] : [])));
    return steps.filter(({ op }) => op === 'binary').map(({ outputs }) => outputs[0]?.size);
  };

  test('goes into the weights where the image is much larger', () => {
    expect(net(24)).toEqual([32]);
    expect(net(24, { gateFirst: true })).toEqual([32]);
  });

  test('stays where it is not, where padding or another reader sees the product', () => {
    expect(net(6)).toEqual([288]);
    expect(net(24, { pad: 1 })).toEqual([4608]);
    expect(net(24, { read: true })).toEqual([4608]);
  });
});

describe('the sum of a product of pixels and a matrix, and another value', () => {
  test.each([
    { shape: [4, 5, 6], transposeB: false },
    { shape: [4, 5, 6], transposeB: true },
    { shape: [2, 4, 5, 6], transposeB: true },
  ])('is computed by a convolution: $shape, transposeB $transposeB', ({ shape, transposeB }) => {
    const net = new Spelled();
    const x = net.input(...shape);
    const product = net.node('matmul', { transposeB }, x, net.weight([6, 6]), net.weight([6]));
    const scaled = net.binary('multiply', product, net.weight([6]));
    const plan = expectAsUnfused(net.finish(net.relu(net.binary('add', x, scaled))));
    expect(plan.steps.map(({ op, geometry }) => [op, geometry.residual])).toEqual([['conv2d', 1]]);
  });

  test('stays where rows are no pixels, or the matrix is no constant', () => {
    const net = new Spelled();
    const rows = net.input(5, 6);
    const line = net.binary('add', rows, net.node('matmul', {}, rows, net.weight([6, 6])));
    expect(folded(net.finish(line))).toEqual(['matmul', 'binary']);
    const open = new Spelled();
    const x = open.input(3, 5, 6);
    const matrix = open.graph.input('matrix', [6, 6], false);
    const sum = open.binary('add', x, open.node('matmul', {}, x, matrix));
    expect(folded(open.finish(sum))).toEqual(['matmul', 'binary']);
  });
});
