import { expect, test } from 'vitest';
import { engines, open } from './support/engines.js';
import { compile, graphBuilder, type Plan, type Ref } from './support/internals.js';

// The addon does not believe where a plan says that a step reads and writes, nor how it is to be computed.

const native = engines.filter(({ name, missing }) => name !== 'js' && missing === undefined);

/** Two convolutions side by side in one memory, and a third behind them: parts with a pitch, arenas and constants. */
function goodPlan(): Plan {
  const graph = graphBuilder();
  const x = graph.input('x', [3, 4, 5]);
  const window = { strides: [1, 1], dilations: [1, 1], padding: [0, 0, 0, 0], groups: 1, activation: 'tanh' };
  const conv = (from: number, filters: number): number => {
    const c = graph.value(from).shape.at(-1) as number;
    const kernel = graph.constant('k', [1, 1, c, filters], new Float32Array(c * filters).fill(1));
    const bias = graph.constant('b', [filters], new Float32Array(filters));
    return graph.node('conv2d', 'conv', window, [from, kernel, bias])[0] as number;
  };
  const [both] = graph.node('concat', 'concat', { axis: 2 }, [conv(x, 6), conv(x, 2)]) as [number];
  return compile(graph.finish([conv(both, 3)]));
}

/** The plan with another ref: that of the second step's output or of its input `at`. */
function changed(at: number | 'output', change: Partial<Ref>): Plan {
  const plan = goodPlan();
  const steps = plan.steps.map((step, index) => {
    if (index !== 1) return step;
    const replaced = (refs: readonly Ref[], i: number): Ref[] =>
      refs.with(i, { ...(refs[i] as Ref), ...change });
    return at === 'output'
      ? { ...step, outputs: replaced(step.outputs, 0) }
      : { ...step, inputs: replaced(step.inputs, at) };
  });
  return { ...plan, steps };
}

test('the second step writes to a part, and reads the input and constants', () => {
  const { outputs, inputs } = goodPlan().steps[1] as Plan['steps'][number];
  expect(outputs).toMatchObject([{ space: 'sample', start: 6, size: 24, stride: 96, pitch: 8 }]);
  expect(inputs.map(({ space }) => space)).toEqual(['input', 'constant', 'constant']);
});

const cases: readonly [at: number | 'output', change: Partial<Ref>][] = [
  ['output', { offset: 1 }],
  ['output', { offset: 2 ** 53 - 1 }],
  ['output', { start: 7 }],
  ['output', { size: 0 }],
  ['output', { size: 36 }],
  ['output', { stride: 95 }],
  ['output', { stride: 2 ** 53 - 1 }],
  ['output', { stride: 0 }],
  ['output', { pitch: 7 }],
  ['output', { pitch: 97 }],
  ['output', { perSample: false }],
  ['output', { space: 'shared' }],
  ['output', { space: 'output', index: 1 }],
  ['output', { space: 'output' }],
  ['output', { space: 'input', stride: 60, start: 0, pitch: 5, size: 60 }],
  [0, { index: 1 }],
  [0, { stride: 30, size: 30 }],
  [0, { offset: 1 }],
  [1, { index: 99 }],
  [1, { offset: 1 }],
  [1, { start: 2 ** 52, offset: 2 ** 52 }],
  [1, { size: 11 }],
  [1, { perSample: true }],
  [2, { pitch: 8 }],
  [2, { pitch: 2 ** 53 - 1 }],
];

/** A 3x3 convolution by Winograd's algorithm, with other numbers in its geometry or its step. */
function winogradPlan(geometry: object, step: object = {}): Plan {
  const graph = graphBuilder();
  const x = graph.input('x', [16, 16, 16]);
  const kernel = graph.constant('k', [3, 3, 16, 16], new Float32Array(2304).fill(1));
  const window = { strides: [1, 1], dilations: [1, 1], padding: [1, 1, 1, 1], groups: 1 };
  const plan = compile(graph.finish(graph.node('conv2d', 'conv', window, [x, kernel])));
  const [only] = plan.steps as [Plan['steps'][number]];
  return { ...plan, steps: [{ ...only, ...step, geometry: { ...only.geometry, ...geometry } }] };
}

const algorithms: readonly object[] = [
  ...[1, 3, -2, 6, 2 ** 31 - 1, 2 ** 31, 0.5, Number.NaN, '4', null].map((winograd) => ({ winograd })),
  { sh: 2 },
  { sw: 2 },
  { dh: 2 },
  { dw: 2 },
  { kw: 1 },
  { kh: 5 },
  { groups: 2 },
];

for (const engine of native) {
  test(`${engine.name} takes Winograd's algorithm, and strips of steps that are not there as single ones`, () => {
    const wanted = 9 * 16;
    for (const together of [0, 1, 2, 4, 5, 2 ** 53 - 1]) {
      const plan = winogradPlan({}, { together });
      expect(plan.steps[0]?.geometry.winograd).toBe(4);
      const output = new Float32Array(4096);
      open(engine)
        .load(plan)
        .runSync(1, [new Float32Array(4096).fill(1)], [output]);
      expect(output[16 * 17] as number).toBeCloseTo(wanted, 3);
    }
  });

  test.for(algorithms)(`${engine.name} refuses a convolution with %o`, (geometry) => {
    expect(() => open(engine).load(winogradPlan(geometry))).toThrow(/expected/);
  });

  test.for([-1, 1.5, 2 ** 53, '2', null, undefined])(
    `${engine.name} refuses %s steps together`,
    (together) => {
      expect(() => open(engine).load(winogradPlan({}, { together }))).toThrow(/expected|no field/);
    },
  );

  test(`${engine.name} takes the plan as it is`, () => {
    const output = new Float32Array(36);
    open(engine)
      .load(goodPlan())
      .runSync(1, [new Float32Array(60).fill(1)], [output]);
    expect(output.every((value) => Math.abs(value - Math.tanh(8 * Math.tanh(5))) < 1e-6)).toBe(true);
  });

  test.for(cases)(`${engine.name} refuses %s %o`, ([at, change]) => {
    expect(() => open(engine).load(changed(at, change))).toThrow(/expected/);
  });
}
