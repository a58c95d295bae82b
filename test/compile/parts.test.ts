import { describe, expect, test } from 'vitest';
import { activations, type Plan } from '../support/internals.js';
import { Spelled } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

const opsOf = ({ steps }: Plan): string[] => steps.map(({ op }) => op);

/** Places `begin` to `end` along an axis. */
function slice(net: Spelled, x: number, begin: number, end: number, axis = 0, step = 1): number {
  const shape = net.shape(x);
  return net.node(
    'copy',
    {
      kind: 'slice',
      begin: shape.map((_, i) => (i === axis ? begin : 0)),
      size: shape.map((length, i) => (i === axis ? Math.ceil((end - begin) / step) : length)),
      step: shape.map((_, i) => (i === axis ? step : 1)),
    },
    x,
  );
}

/** One colour of a picture [3, h, w], brought to another range. */
function colour(net: Spelled, x: number, channel: number): number {
  const [, h = 0, w = 0] = net.shape(x);
  const plane = net.reshape(slice(net, x, channel, channel + 1), h, w);
  const scaled = net.binary('multiply', net.reshape(plane, 1, h, w), net.number(0.4 + channel));
  return net.binary('subtract', net.binary('divide', scaled, net.number(3)), net.number(channel / 7));
}

describe('what is taken apart and put together again', () => {
  test('is one step, which joins the convolution behind it', () => {
    const net = new Spelled();
    const x = net.input(3, 9, 8);
    const picture = net.concat(...[0, 1, 2].map((channel) => colour(net, x, channel)));
    expect(opsOf(expectAsUnfused(net.finish(net.conv(picture, 4, 3)), 2, 2e-5))).toEqual([
      'copy',
      'conv2d',
      'copy',
    ]);
    const alone = new Spelled();
    const y = alone.input(3, 4, 5);
    const parts = [slice(alone, y, 0, 2, 2), alone.binary('add', slice(alone, y, 2, 5, 2), alone.number(1))];
    expect(opsOf(expectAsUnfused(alone.finish(alone.node('concat', { axis: 2 }, ...parts))))).toHaveLength(1);
  });

  test('stays where a part is missing, elsewhere, another picture or read by others', () => {
    const stays = (build: (net: Spelled, x: number) => readonly number[]): void => {
      const net = new Spelled();
      expect(opsOf(expectAsUnfused(net.finish(...build(net, net.input(3, 4, 4)))))).toContain('copy');
    };
    stays((net, x) => [net.concat(colour(net, x, 0), colour(net, x, 2))]);
    stays((net, x) => [net.concat(...[2, 1, 0].map((channel) => colour(net, x, channel)))]);
    stays((net, x) => [net.concat(...[0, 1, 2].map((i) => colour(net, i ? x : net.relu(x), i)))]);
    stays((net, x) => [net.concat(net.unary('tanh', slice(net, x, 0, 1)), slice(net, x, 1, 3))]);
    stays((net, x) => {
      const parts = [0, 1, 2].map((channel) => colour(net, x, channel));
      return [net.concat(...parts), ...parts];
    });
  });
});

test('slices of slices are taken at once', () => {
  const net = new Spelled();
  const x = net.input(3, 9, 8);
  const odd = slice(net, slice(net, x, 1, 9, 1, 2), 0, 8, 2, 3);
  const last = net.node(
    'copy',
    { kind: 'slice', begin: [2, 3, 2], size: [3, 2, 2], step: [-1, -2, -1] },
    odd,
  );
  const plan = expectAsUnfused(net.finish(last));
  expect(opsOf(plan)).toEqual(['copy']);
  expect(opsOf(expectAsUnfused(net.finish(last, odd)))).toEqual(['copy', 'copy']);
});

test('a function moves before copies that only move or repeat numbers', () => {
  const net = new Spelled();
  const shuffled = net.permute(net.reshape(net.conv(net.input(2, 4, 4), 8), 2, 2, 2, 4, 4), 0, 3, 1, 4, 2);
  const wide = net.around('copy', { kind: 'upsample', size: [2, 2] }, net.reshape(shuffled, 2, 8, 8));
  const plan = expectAsUnfused(net.finish(net.unary('tanh', wide)));
  expect(opsOf(plan)).not.toContain('unary');
  const conv = plan.steps.find(({ op }) => op === 'conv2d');
  expect(activations[conv?.geometry.act as number]).toBe('tanh');
  const padded = new Spelled();
  const pads = [
    [0, 0],
    [1, 1],
    [0, 0],
  ];
  const border = padded.node('copy', { kind: 'pad', pads, value: 2 }, padded.conv(padded.input(2, 4, 4), 3));
  expect(opsOf(expectAsUnfused(padded.finish(padded.unary('tanh', border))))).toContain('unary');
});
