import { describe, expect, test } from 'vitest';
import { expectExact } from './support/bounds.js';
import { available, open } from './support/engines.js';
import { compile, graphBuilder, ops } from './support/internals.js';

const sample = (...shape: number[]) => ({ shape, perSample: true });
const shared = (...shape: number[]) => ({ shape, perSample: false });

describe('shapes of where', () => {
  test.for([
    { name: 'equal ones', inputs: [sample(2, 3), sample(2, 3), sample(2, 3)], y: sample(2, 3) },
    {
      name: 'all three broadcast',
      inputs: [sample(4, 1), sample(1, 3), sample(2, 1, 1)],
      y: sample(2, 4, 3),
    },
    { name: 'shared condition', inputs: [shared(3), sample(2, 3), shared()], y: sample(2, 3) },
    { name: 'all shared', inputs: [shared(3), shared(2, 3), shared(1)], y: shared(2, 3) },
  ])('$name', ({ inputs, y }) => {
    expect(ops.where.infer({}, inputs)).toEqual([y]);
  });

  test('two operands merge axes only where the third does', () => {
    const inputs = [sample(2, 3, 4), sample(2, 3, 1), sample(1)];
    const fields = ops.where.geometry({}, inputs, [sample(2, 3, 4)]);
    expect([fields.d4, fields.d5]).toEqual([6, 4]);
    expect([fields.c4, fields.c5, fields.a4, fields.a5, fields.b4, fields.b5]).toEqual([4, 1, 1, 0, 0, 0]);
  });

  test.for([
    {
      name: 'what does not broadcast',
      inputs: [sample(2), sample(3), sample(1)],
      rule: /shapes that broadcast/,
    },
    {
      name: 'a shared value with more axes',
      inputs: [sample(3), shared(2, 3), sample(3)],
      rule: /at most 1 axes/,
    },
    { name: 'two inputs', inputs: [sample(3), sample(3)], rule: /expected 3 inputs/ },
  ])('refuses $name', ({ inputs, rule }) => {
    expect(() => ops.where.infer({}, inputs)).toThrow(rule);
  });
});

test('binary names both shapes that do not broadcast', () => {
  expect(() => ops.binary.infer({ kind: 'less' }, [sample(2, 3), sample(4)])).toThrow(
    /shapes that broadcast, got \[2, 3\] and \[4\]/,
  );
});

describe.each(available)('a graph of comparisons on $name', (engine) => {
  test('where(x < floor(y) + 0.5, x, max(y, bound)), in place where it may be', () => {
    const g = graphBuilder();
    const one = (op: 'binary' | 'unary' | 'where', name: string, attributes: object, inputs: number[]) =>
      g.node(op, name, attributes, inputs)[0] as number;
    const [x, y] = [g.input('x', [2, 3]), g.input('y', [3])];
    const half = g.constant('half', [1], Float32Array.of(0.5));
    const floor = one('unary', 'floor', { activation: 'floor' }, [y]);
    const limit = one('binary', 'limit', { kind: 'add' }, [floor, half]);
    const less = one('binary', 'less', { kind: 'less' }, [x, limit]);
    const bounded = one('binary', 'bounded', { kind: 'maximum' }, [y, half]);
    const chosen = one('where', 'chosen', {}, [less, x, bounded]);
    const program = open(engine).load(
      compile(g.finish([one('binary', 'twice', { kind: 'add' }, [chosen, chosen])])),
    );
    const out = new Float32Array(12);
    const xs = Float32Array.of(0, 1, 2, 3, 4, 5, -1, -2, -3, 0.25, 7, 9);
    const ys = Float32Array.of(0.9, -0.5, 4, 0, 8, 8);
    program.runSync(2, [xs, ys], [out]);
    const wanted = xs.map((value, i) => {
      const other = ys[Math.floor(i / 6) * 3 + (i % 3)] as number;
      return 2 * (value < Math.floor(other) + 0.5 ? value : Math.max(other, 0.5));
    });
    expectExact(out, wanted);
    program.dispose();
  });
});
