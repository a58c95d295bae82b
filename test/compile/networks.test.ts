import { expect, test } from 'vitest';
import { type Graph, layout } from '../support/internals.js';
import { random } from '../support/random.js';
import { Spelled, windowOf } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

/** A network of whatever may stand in one, spelled for [c, h, w]; each step reads the last values or older ones. */
function anyNetwork(seed: number): Graph {
  const next = random(seed);
  const pick = (count: number): number => Math.floor(next() * count);
  const any = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const net = new Spelled();
  const values = [net.conv(net.input(3, 7, 6), 4, 3, { pad: 1 })];
  for (let i = 0; i < 24; i++) {
    const x = pick(3) ? (values.at(-1) as number) : any(values);
    const [c, h, w] = net.shape(x) as [number, number, number];
    const same = any(values.filter((id) => `${net.shape(id)}` === `${net.shape(x)}`));
    const perChannel = (): number => net.weight(any([[c, 1, 1], [1], [1, 1, 1], []]), 0.5, 1.5);
    const padded = (value: number): number =>
      net.node(
        'copy',
        {
          kind: 'pad',
          pads: [
            [0, 0],
            [1, 0],
            [pick(2), 1],
          ],
          value,
        },
        x,
      );
    const steps: (() => number)[] = [
      () => net.conv(x, any([2, 4]), 1, { bias: pick(2) === 1 }),
      () => net.conv(x, 4, 3, { pad: 1, groups: c % 2 ? 1 : 2 }),
      () => net.conv(padded(pick(4) ? 0 : 1), 4, 2),
      () => net.depthwise(x),
      () => net.batchNorm(x),
      () => net.relu(x),
      () => net.binary('add', x, same),
      () => net.relu(net.binary('add', net.conv(x, c, 3, { pad: 1 }), same)),
      () => net.binary('multiply', x, net.unary('sigmoid', x)),
      () => net.binary('multiply', x, perChannel()),
      () => net.binary(any(['add', 'subtract', 'divide']), x, perChannel()),
      () => net.binary('subtract', perChannel(), x),
      () =>
        net.around(
          'maxpool2d',
          { ...windowOf(), poolSize: [2, 2] },
          padded(any([0, Number.NEGATIVE_INFINITY])),
        ),
      () => net.around('averagepool2d', { ...windowOf(), poolSize: [2, 2], includePadding: true }, padded(0)),
      () =>
        net.binary(
          'multiply',
          x,
          net.unary(
            'sigmoid',
            net.conv(net.node('reduce', { kind: 'mean', axes: [1, 2], keepDims: true }, x), c),
          ),
        ),
      () => net.conv(net.concat(x, same), 4),
      () => net.node('copy', { kind: 'slice', begin: [c >> 1, 0, 0], size: [c - (c >> 1), h, w] }, x),
      () => (c % 2 ? x : net.reshape(net.permute(net.reshape(x, 2, c / 2, h, w), 1, 0, 2, 3), c, h, w)),
      () => net.node('binary', { kind: 'maximum' }, x, net.number(0)),
    ];
    // Bounded again and again, so that sums of sums stay near 1.
    values.push(i % 4 === 3 ? net.unary('tanh', any(steps)()) : any(steps)());
  }
  return net.finish(net.head(values.at(-1) as number), any(values));
}

test.for(Array.from({ length: 40 }, (_, seed) => seed))('any network, seed %i', (seed) => {
  const graph = anyNetwork(seed);
  expectAsUnfused(graph);
  expect(layout(graph)).not.toBe(graph);
});
