import { describe, expect, test } from 'vitest';
import type { Plan } from '../support/internals.js';
import { Spelled, windowOf } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

const opsOf = ({ steps }: Plan): string[] => steps.map(({ op }) => op);

/** [c, l] -> [filters, l] by an image of height 1. */
function conv1d(net: Spelled, x: number, filters: number, size = 3): number {
  const [c, l] = net.shape(x) as [number, number];
  const image = net.permute(net.reshape(x, c, 1, l), 1, 2, 0);
  const half = (size - 1) / 2;
  const window = { ...windowOf(), padding: [0, 0, half, half], groups: 1 };
  const y = net.node('conv2d', window, image, net.weight([1, size, c, filters]), net.weight([filters]));
  return net.reshape(net.permute(y, 2, 0, 1), filters, l);
}

/** [c, l] normalised per channel. */
function batchNorm1d(net: Spelled, x: number): number {
  const shape = [net.shape(x)[0] as number];
  const statistics = [
    net.weight(shape),
    net.weight(shape, 0.5, 2),
    net.weight(shape, 0.5, 1.5),
    net.weight(shape),
  ];
  const y = net.node('batchnorm', { epsilon: 1e-5 }, net.permute(x, 1, 0), ...statistics);
  return net.permute(y, 1, 0);
}

describe('networks over lines run on images of height 1', () => {
  test('normalisations, functions and sums join the windows', () => {
    const net = new Spelled();
    let x = net.relu(batchNorm1d(net, conv1d(net, net.input(3, 17), 8)));
    for (let i = 0; i < 2; i++) {
      const inner = net.relu(batchNorm1d(net, conv1d(net, x, 8)));
      x = net.relu(net.binary('add', batchNorm1d(net, conv1d(net, inner, 8, 5)), x));
    }
    const plan = expectAsUnfused(net.finish(x));
    expect(opsOf(plan)).toEqual(['copy', 'conv2d', 'conv2d', 'conv2d', 'conv2d', 'conv2d', 'copy']);
  });

  test('a gate per channel, and constants of many shapes', () => {
    const net = new Spelled();
    let x = conv1d(net, net.input(3, 9), 6);
    for (const shape of [[6, 1], [1], [], [1, 1], [6, 9]]) x = net.binary('add', x, net.weight(shape));
    const gate = net.unary('sigmoid', net.node('reduce', { kind: 'mean', axes: [1], keepDims: true }, x));
    x = net.binary('multiply', gate, net.unary('tanh', x));
    x = net.binary('multiply', net.weight([1, 9]), x);
    expectAsUnfused(net.finish(conv1d(net, net.binary('subtract', x, net.binary('add', x, gate)), 4), x));
  });

  test('reshapes that change the last axis stay before what counts channels', () => {
    const net = new Spelled();
    const x = net.reshape(net.input(4, 6), 6, 4);
    const scaled = net.node('scale', {}, x, net.weight([4]), net.weight([4]));
    expectAsUnfused(net.finish(net.relu(scaled), net.binary('multiply', x, net.weight([4]))));
    const flat = net.reshape(net.unary('tanh', net.reshape(scaled, 24)), 2, 3, 4);
    expectAsUnfused(net.finish(net.unary('abs', flat)));
  });

  test('items of a batch keep their axis', () => {
    const net = new Spelled();
    const [n, c] = [3, 4];
    const x = net.reshape(net.input(n * 5, c), n, 5, c);
    const vectors = [net.weight([c]), net.weight([c])];
    const y = net.graph.node('scale', 'scale', {}, [x, ...vectors], n)[0] as number;
    expectAsUnfused(net.finish(net.relu(y)), 1);
  });
});
