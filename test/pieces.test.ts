import { describe, expect, test } from 'vitest';
import { available, open } from './support/engines.js';
import { compile, graphBuilder } from './support/internals.js';
import { floats, random } from './support/random.js';

/** y = a + b, for samples of 3 numbers. */
function sumPlan() {
  const builder = graphBuilder();
  const [a, b] = [builder.input('a', [3]), builder.input('b', [3])];
  return compile(builder.finish(builder.node('binary', 'sum', { kind: 'add' }, [a, b])));
}

describe.each(available)('inputs in pieces on $name', (engine) => {
  const program = open(engine).load(sumPlan());
  const [a, b] = [floats(random(1), 15), floats(random(2), 15)];
  const sum = a.map((value, i) => value + (b[i] as number));
  const cut = (data: Float32Array, ...ends: number[]) =>
    ends.map((end, i) => data.subarray(ends[i - 1] ?? 0, end));

  test('are one after the other', async () => {
    for (const inputs of [
      [a, b],
      [cut(a, 3, 9, 15), b],
      [cut(a, 15), cut(b, 1, 14, 15)],
      // More pieces than there is room for without the heap.
      [cut(a, ...Array.from(a, (_, i) => i + 1)), cut(b, ...Array.from(b, (_, i) => i + 1))],
    ]) {
      expect((await program.run(5, inputs))[0]).toEqual(sum);
    }
  });
});

const native = available.filter(({ name }) => name.startsWith('native'));

test.each(native)('pieces that do not fit are refused on $name', async (engine) => {
  const program = open(engine).load(sumPlan());
  const a = new Float32Array(6);
  const wrong: readonly [unknown, string][] = [
    [[a, [a.subarray(0, 3)]], 'expected input 1 to be a Float32Array of 6, got 3'],
    [[[a, a], a], 'expected input 0 to be a Float32Array of 6, got 12'],
    [[[], a], 'expected input 0 to be a Float32Array of 6, got 0'],
    [[[a.subarray(0, 3), [1, 2, 3]], a], 'expected input 0 to be a Float32Array of 6, got something else'],
    [[a], 'expected an array of 2 inputs'],
    ['ab', 'expected an array of 2 inputs'],
  ];
  for (const [inputs, message] of wrong) {
    await expect(program.run(2, inputs as never)).rejects.toThrow(message);
  }
});
