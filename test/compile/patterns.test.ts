import { describe, expect, test } from 'vitest';
import { activations } from '../support/internals.js';
import { Spelled } from '../support/spelled.js';
import { expectAsUnfused } from '../support/unfused.js';

/** The functions of the steps behind x, the op's name for those without one. */
function functions(build: (net: Spelled, x: number) => number | readonly number[], shape = [5, 7]): string[] {
  const net = new Spelled();
  // A product with a number itself, which must not be taken for a part of a function.
  const x = net.binary('multiply', net.input(...shape), net.number(6));
  const plan = expectAsUnfused(net.finish(x, ...[build(net, x)].flat()));
  return plan.steps
    .slice(1)
    .map(({ op, geometry }) => (geometry.act ? (activations[geometry.act] as string) : op));
}

const clip = (net: Spelled, x: number, low: number, high: number) =>
  net.node('unary', { activation: 'clip', alpha: low, beta: high }, x);

describe('functions spelled in steps', () => {
  test('swish and mish', () => {
    expect(functions((net, x) => net.binary('multiply', x, net.unary('sigmoid', x)))).toEqual(['swish']);
    expect(functions((net, x) => net.binary('multiply', net.unary('sigmoid', x), x))).toEqual(['swish']);
    expect(
      functions((net, x) => net.binary('multiply', x, net.unary('tanh', net.unary('softplus', x)))),
    ).toEqual(['mish']);
  });

  test('hardswish and hardsigmoid', () => {
    const ramp = (net: Spelled, x: number) => clip(net, net.binary('add', x, net.number(3)), 0, 6);
    const ways: ((net: Spelled, x: number) => number)[] = [
      (net, x) =>
        net.binary(
          'multiply',
          x,
          net.node('unary', { activation: 'hardsigmoid', alpha: 1 / 6, beta: 0.5 }, x),
        ),
      (net, x) => net.binary('divide', net.binary('multiply', x, ramp(net, x)), net.number(6)),
      (net, x) => net.binary('multiply', x, net.binary('divide', ramp(net, x), net.number(6))),
      (net, x) => net.binary('multiply', net.binary('multiply', net.number(1 / 6), ramp(net, x)), x),
      (net, x) => net.binary('multiply', net.binary('multiply', x, net.number(1 / 6)), ramp(net, x)),
    ];
    for (const way of ways) expect(functions(way)).toEqual(['hardswish']);
    expect(functions((net, x) => net.binary('divide', ramp(net, x), net.number(6)))).toEqual(['hardsigmoid']);
  });

  test('gelu', () => {
    const cdf = (net: Spelled, x: number, argument = net.binary('divide', x, net.number(14142 / 10000))) =>
      net.binary('add', net.unary('erf', argument), net.number(1));
    const half = (net: Spelled, x: number) => net.binary('multiply', x, net.number(0.5));
    const ways: ((net: Spelled, x: number) => number)[] = [
      (net, x) => half(net, net.binary('multiply', x, cdf(net, x))),
      (net, x) => net.binary('multiply', half(net, x), cdf(net, x)),
      (net, x) => net.binary('multiply', x, half(net, cdf(net, x))),
      (net, x) =>
        net.binary(
          'multiply',
          cdf(net, x, net.binary('multiply', net.number(Math.SQRT1_2), x)),
          half(net, x),
        ),
    ];
    for (const way of ways) expect(functions(way)).toEqual(['gelu']);
  });

  test('gelu by its tanh', () => {
    const found = functions((net, x) => {
      const cube = net.binary('multiply', x, net.binary('power', x, net.number(2)));
      const sum = net.binary('add', x, net.binary('multiply', cube, net.number(0.044715)));
      const tanh = net.unary('tanh', net.binary('multiply', sum, net.number(0.7978845608)));
      return net.binary(
        'multiply',
        net.binary('multiply', x, net.number(0.5)),
        net.binary('add', net.number(1), tanh),
      );
    });
    expect(found).toEqual(['gelutanh']);
  });

  test('clips, maxima, minima and slopes', () => {
    expect(functions((net, x) => clip(net, x, 0, 4))).toEqual(['relu']);
    expect(functions((net, x) => clip(net, x, -1, 4))).toEqual(['clip']);
    expect(functions((net, x) => net.binary('maximum', x, net.number(0)))).toEqual(['relu']);
    expect(
      functions((net, x) => net.binary('minimum', net.binary('maximum', net.number(0), x), net.number(2))),
    ).toEqual(['relu']);
    expect(
      functions((net, x) => net.binary('maximum', net.binary('minimum', x, net.number(2)), net.number(-1))),
    ).toEqual(['clip']);
    expect(functions((net, x) => net.binary('maximum', clip(net, x, 0, 1), net.number(3))).length).toBe(2);
    expect(functions((net, x) => net.binary('prelu', x, net.number(0.2)))).toEqual(['leakyrelu']);
  });

  test('normalisations by their means', () => {
    const mean = (net: Spelled, x: number, axes: readonly number[]) =>
      net.node('reduce', { kind: 'mean', axes, keepDims: true }, x);
    const parts = (net: Spelled, x: number, axes: readonly number[]) => {
      const centred = () => net.binary('subtract', x, mean(net, x, axes));
      const square = net.binary('power', centred(), net.number(2));
      const variance = net.binary('add', mean(net, square, axes), net.number(1e-5));
      return { centred, root: net.unary('sqrt', variance) };
    };
    const ways: ((net: Spelled, x: number, axes: readonly number[]) => number)[] = [
      (net, x, axes) => {
        const { centred, root } = parts(net, x, axes);
        return net.binary('divide', centred(), root);
      },
      (net, x, axes) => {
        const { centred, root } = parts(net, x, axes);
        return net.binary('multiply', net.unary('reciprocal', root), centred());
      },
      (net, x, axes) => {
        const centred = net.binary('subtract', x, mean(net, x, axes));
        const variance = mean(net, net.binary('multiply', centred, centred), axes);
        return net.binary('divide', centred, net.unary('sqrt', net.binary('add', net.number(0.1), variance)));
      },
    ];
    for (const way of ways) {
      for (const axes of [[1], [0], [0, 1]]) {
        expect(functions((net, x) => way(net, x, axes))).toEqual(['normalize']);
      }
    }
    const spread = (net: Spelled, x: number, weights: boolean) => {
      const inverse = net.unary('reciprocal', parts(net, x, [1]).root);
      const s = weights ? net.binary('multiply', inverse, net.weight([7])) : inverse;
      const shift = net.binary('subtract', net.weight([7]), net.binary('multiply', mean(net, x, [1]), s));
      return net.binary('add', net.binary('multiply', x, s), shift);
    };
    expect(functions((net, x) => spread(net, x, true)).slice(0, 1)).toEqual(['normalize']);
    expect(functions((net, x) => spread(net, x, true)).length).toBe(2);
    expect(functions((net, x) => spread(net, x, false))).toEqual(['normalize', 'binary']);
    // Other axes, another value, or no mean at all.
    expect(
      functions((net, x) => net.binary('divide', parts(net, x, [0]).centred(), parts(net, x, [1]).root)),
    ).not.toContain('normalize');
    expect(
      functions((net, x) =>
        net.binary('divide', parts(net, net.unary('abs', x), [1]).centred(), parts(net, x, [1]).root),
      ),
    ).not.toContain('normalize');
  });

  test('what changes nothing is no step', () => {
    const ways: ((net: Spelled, x: number) => number)[] = [
      (net, x) => net.binary('multiply', net.number(1), x),
      (net, x) => net.binary('divide', x, net.constant([7], Array(7).fill(1))),
      (net, x) => net.binary('add', net.constant([5, 1], Array(5).fill(0)), x),
      (net, x) => net.binary('subtract', x, net.number(0)),
      (net, x) => net.binary('power', x, net.number(1)),
    ];
    for (const way of ways) expect(functions((net, x) => net.unary('abs', way(net, x)))).toEqual(['abs']);
    expect(functions((net, x) => net.binary('subtract', net.number(0), x)).length).toBe(1);
    expect(functions((net, x) => net.binary('divide', net.number(1), x)).length).toBe(1);
  });

  test('a copy that broadcasting makes as well is no step', () => {
    const expanded = (net: Spelled, x: number, other: (gate: number) => number) => {
      const gate = net.node('reduce', { kind: 'mean', axes: [1], keepDims: true }, x);
      return net.binary('multiply', other(net.node('copy', { kind: 'expand', shape: [5, 7] }, gate)), x);
    };
    expect(functions((net, x) => expanded(net, x, (gate) => gate))).toEqual(['reduce', 'binary']);
    const alone = (net: Spelled, x: number) => {
      const gate = net.node('reduce', { kind: 'mean', axes: [1], keepDims: true }, x);
      const wide = net.node('copy', { kind: 'expand', shape: [5, 7] }, gate);
      return net.binary('multiply', wide, wide);
    };
    expect(functions(alone)).toEqual(['reduce', 'copy', 'binary']);
  });

  test('join the op before them', () => {
    const net = new Spelled();
    const x = net.batchNorm(net.conv(net.input(1, 5, 5), 4, 3));
    const plan = expectAsUnfused(
      net.finish(net.relu(net.conv(net.binary('multiply', x, net.unary('sigmoid', x)), 3))),
    );
    expect(
      plan.steps.slice(0, 2).map(({ op, geometry }) => [op, activations[geometry.act as number]]),
    ).toEqual([
      ['conv2d', 'swish'],
      ['conv2d', 'relu'],
    ]);
  });

  test('what only looks like them stays', () => {
    expect(functions((net, x) => net.binary('multiply', net.relu(x), net.unary('sigmoid', x))).length).toBe(
      3,
    );
    expect(
      functions((net, x) =>
        net.binary('multiply', x, net.binary('multiply', net.number(2), net.unary('sigmoid', x))),
      ).length,
    ).toBe(3);
    expect(
      functions((net, x) => net.binary('multiply', x, clip(net, net.binary('add', x, net.number(2)), 0, 6))),
    ).not.toContain('hardswish');
  });

  test('what others read stays for them', () => {
    expect(
      functions((net, x) => {
        const gate = net.unary('sigmoid', x);
        return [gate, net.binary('multiply', x, gate)];
      }).sort(),
    ).toEqual(['sigmoid', 'swish']);
  });
});
