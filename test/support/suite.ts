import { describe, test } from 'vitest';
import { type Act, activate } from './activation.js';
import { type Expected, expectExact, expectSameBits, expectWithin, sumBound } from './bounds.js';
import { type Engine, engines, open } from './engines.js';
import { floats, integers, random } from './random.js';
import { runStep, type StepSpec, stepPlan } from './step.js';

/** One line of an op's table, resolved: the step, and what it must answer for one sample. */
export interface Case extends StepSpec {
  readonly name: string;
  readonly act?: Act;
  /** Exact for every input (copies, max), not only for small whole numbers. */
  readonly exact?: boolean;
  /** Within its bound for every input, small whole numbers too. */
  readonly inexact?: boolean;
  reference(inputs: readonly Float32Array[]): Expected;
  /** Replaces the data of an input, where not every number makes sense (variances). */
  data?(next: () => number, input: number, size: number): Float32Array | undefined;
}

type Fill = (next: () => number, size: number) => Float32Array;

const fills: Readonly<Record<string, Fill>> = {
  'small whole numbers': integers,
  'real numbers': floats,
  'negative numbers': (next, size) => floats(next, size, -2, -1),
};

const batches = [1, 2, 5];

/** Functions whose value at a whole number is exact in float32. */
const exactActs = new Set(['none', 'relu']);

/** The slice of every input that belongs to one sample. */
function sampleOf(spec: StepSpec, data: readonly Float32Array[], sample: number): Float32Array[] {
  return data.map((all, i) => {
    const { kind, size } = spec.inputs[i] as { kind: string; size: number };
    return kind === 'sample' ? all.subarray(sample * size, (sample + 1) * size) : all;
  });
}

type Answer = ReturnType<typeof activate>;

/** The references of a case: the same for every engine, and slower than any. */
const answers = new WeakMap<Case, Map<string, Answer>>();

function answerOf(item: Case, key: string, inputs: () => Float32Array[]): Answer {
  const known = answers.get(item) ?? new Map<string, Answer>();
  answers.set(item, known);
  const found = known.get(key);
  if (found) return found;
  const expected = item.reference(inputs());
  const answer = activate(item.act ?? {}, expected.values, sumBound(expected));
  known.set(key, answer);
  return answer;
}

function runCase(engine: Engine, item: Case): void {
  const backend = open(engine);
  let seed = 1;
  for (const [fillName, fill] of Object.entries(fills)) {
    const whole =
      fillName === 'small whole numbers' && !item.inexact && exactActs.has(item.act?.act ?? 'none');
    const next = random(seed++);
    const make = (i: number, size: number): Float32Array => item.data?.(next, i, size) ?? fill(next, size);
    const shared = item.inputs.map(({ size }, i) => make(i, size));
    const program = backend.load(stepPlan(item, shared));
    for (const batch of batches) {
      const data = item.inputs.map(({ size, kind }, i) =>
        kind === 'sample' ? make(i, size * batch) : (shared[i] as Float32Array),
      );
      const [y] = runStep(program, item, batch, data) as [Float32Array];
      const size = item.outputs[0] as number;
      for (let s = 0; s < batch; s++) {
        const actual = y.subarray(s * size, (s + 1) * size);
        const { values, bound } = answerOf(item, `${fillName} ${batch} ${s}`, () => sampleOf(item, data, s));
        if (item.exact || (whole && !item.data)) expectExact(actual, values);
        else expectWithin(actual, values, bound);
      }
    }
    program.dispose();
  }
}

/** The same bits for any number of threads, for any neighbours in the batch, and again. */
function repeatCase(engine: Engine, item: Case): void {
  const next = random(7);
  const batch = 5;
  const make = (i: number, size: number): Float32Array => item.data?.(next, i, size) ?? floats(next, size);
  const data = item.inputs.map(({ size, kind }, i) => make(i, kind === 'sample' ? size * batch : size));
  const run = (threads: number): Float32Array => {
    const program = open(engine, threads).load(stepPlan(item, data));
    const [y] = runStep(program, item, batch, data) as [Float32Array];
    const [again] = runStep(program, item, batch, data) as [Float32Array];
    expectSameBits(again, y);
    const size = item.outputs[0] as number;
    for (const s of [0, batch - 1]) {
      const [alone] = runStep(program, item, 1, sampleOf(item, data, s)) as [Float32Array];
      expectSameBits(alone, y.subarray(s * size, (s + 1) * size));
    }
    program.dispose();
    return y;
  };
  const one = run(1);
  for (const threads of [2, 3]) expectSameBits(run(threads), one);
}

/** Every case on every engine: one test each, and one for the bits of all cases. */
export function opSuite(op: string, cases: readonly Case[]): void {
  for (const engine of engines) {
    describe.skipIf(engine.missing !== undefined)(`${op} on ${engine.title}`, () => {
      test.for(cases)('$name', (item) => runCase(engine, item));
      test('same bits for 1, 2 and 3 threads, any neighbours, again', () => {
        for (const item of cases) repeatCase(engine, item);
      });
    });
  }
}
