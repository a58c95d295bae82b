import { expect, test } from 'vitest';
import { counters, execute, type ModelCall, Request } from '../support/internals.js';

/** Requests of one sample of one number; the answer is the sum of all that were computed together, or an error. */
function requests(values: readonly number[], run: (values: readonly number[]) => number[]) {
  const outcome = new Map<number, unknown>();
  const kind = {
    joins: true,
    maxBatch: 100,
    outputs: [1],
    run: async (_: number, inputs: readonly (Float32Array | readonly Float32Array[])[]) => {
      const parts = inputs[0] as readonly Float32Array[];
      return [Float32Array.from(run(parts.map(([value]) => value as number)))];
    },
  };
  const made = values.map((value) => {
    const call: ModelCall = { kind, batch: 1, inputs: [], answer: ([data]) => data?.[0] };
    const ends = {
      resolve: (answer: unknown) => outcome.set(value, answer),
      reject: (error: unknown) => outcome.set(value, (error as Error).message),
    };
    return new Request(call, [Float32Array.of(value)], 0, Number.POSITIVE_INFINITY, ends, undefined);
  });
  return { made, outcome };
}

test('where a run fails, each request is computed alone, and only the guilty one fails', async () => {
  const runs: number[] = [];
  const { made, outcome } = requests([1, 2, 3, 4], (values) => {
    runs.push(values.length);
    if (values.includes(3)) throw new Error('3 cannot be computed');
    return values.map((value) => 10 * value);
  });
  const counts = counters();
  await execute(made, counts);
  expect(runs).toEqual([4, 1, 1, 1, 1]);
  expect(Object.fromEntries(outcome)).toEqual({ 1: 10, 2: 20, 3: '3 cannot be computed', 4: 40 });
  expect(counts.read()).toMatchObject({ failed: 1, inferenceCount: 3, executionCount: 3 });
});

test('a request that was given up meanwhile is not computed again', async () => {
  const runs: number[][] = [];
  const { made, outcome } = requests([1, 2], (values) => {
    runs.push([...values]);
    if (values.length > 1) throw new Error('too many');
    return [...values];
  });
  const [first, second] = made as [Request, Request];
  second.reject(new Error('gone'));
  await execute([first, second], counters());
  expect(runs).toEqual([[1, 2], [1]]);
  expect(Object.fromEntries(outcome)).toEqual({ 1: 1, 2: 'gone' });
});

test('where memory for one answer is short, that one fails, and the others are answered', async () => {
  const { made, outcome } = requests([1, 2, 3], (values) => [...values]);
  const { kind } = (made[0] as Request).call;
  const run = kind.run;
  Object.assign(kind, {
    run: async (...asked: Parameters<typeof run>) => {
      const [data] = await run(...asked);
      const slice = (begin: number, end: number) => {
        if (begin === 1) throw new RangeError('Array buffer allocation failed');
        return data?.subarray(begin, end);
      };
      return [Object.assign(data as Float32Array, { slice })];
    },
  });
  const counts = counters();
  await execute(made, counts);
  expect(Object.fromEntries(outcome)).toEqual({ 1: 1, 2: 'Array buffer allocation failed', 3: 3 });
  expect(counts.read()).toMatchObject({ failed: 1, inferenceCount: 2, success: { count: 2 } });
});
