import { expect, test } from 'vitest';
import { compile, foldConstants, shareCommon } from '../support/internals.js';
import { Spelled, windowOf } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

test('nodes of constants alone become constants, chains and reshapes too', () => {
  const net = new Spelled();
  const matrix = net.reshape(net.permute(net.weight([3, 2, 5]), 1, 0, 2), 2, 15);
  const scaled = net.binary('add', net.binary('multiply', matrix, net.number(0.5)), net.weight([15]));
  const image = net.node(
    'conv2d',
    { ...windowOf(), groups: 1 },
    net.weight([4, 4, 3]),
    net.weight([2, 2, 3, 5]),
  );
  const sum = net.node('reduce', { kind: 'sum', axes: [0, 1], keepDims: false }, image);
  const graph = net.finish(
    net.binary('add', net.node('matmul', { transposeB: true }, net.input(15), scaled), net.number(1)),
    sum,
  );
  expect(foldConstants(graph).nodes.map(({ op }) => op)).toEqual(['matmul', 'binary']);
  expectAsUnfused(graph);
});

test('a graph without such nodes is left alone', () => {
  const net = new Spelled();
  const graph = net.finish(net.relu(net.input(3)));
  expect(foldConstants(graph)).toBe(graph);
});

test('a small file cannot ask for giant constants', () => {
  const big = new Spelled();
  const tile = big.node('copy', { kind: 'upsample', size: [4097, 4097] }, big.weight([1, 1, 1]));
  expect(foldConstants(big.finish(tile)).nodes.map(({ op }) => op)).toEqual(['copy']);
});

test('what is computed twice is computed once', () => {
  const net = new Spelled();
  const x = net.input(4, 4);
  const twice = [0, 1].map(() => net.node('softmax', { axis: 1 }, net.unary('tanh', x)));
  const others = [
    net.node('softmax', { axis: 0 }, net.unary('tanh', x)),
    net.relu(x),
    net.node('unary', { activation: 'relu', beta: 6 }, x),
  ];
  const graph = net.finish(...twice, ...others);
  const shared = shareCommon(graph);
  expect(shared.nodes.map(({ op }) => op)).toEqual(['unary', 'softmax', 'softmax', 'unary', 'unary']);
  expect(shared.outputs[0]).toBe(shared.outputs[1]);
  expectAsUnfused(graph);
});

test('constants that share their numbers are one, other attributes make other nodes', () => {
  const net = new Spelled();
  const x = net.input(2);
  const data = Float32Array.of(1, 2);
  const [a, b] = [net.graph.constant('a', [2], data), net.graph.constant('b', [2], data)];
  const graph = net.finish(net.binary('add', x, a), net.binary('add', x, b), net.binary('multiply', x, b));
  expect(shareCommon(graph).nodes.length).toBe(2);
  expect(compile(graph).constants.length).toBe(1);
});
