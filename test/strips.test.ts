import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { available, type Engine, open } from './support/engines.js';
import { compile, type Graph, graphBuilder, type Plan } from './support/internals.js';
import { floats, random } from './support/random.js';
import { expectAsUnfused } from './support/unfused.js';

const size = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);
const relu6 = { activation: 'relu', beta: 6 };

interface Slide {
  op?: 'conv2d' | 'depthwise2d' | 'maxpool2d';
  k?: number;
  filters?: number;
  stride?: number;
  dilation?: number;
  /** Above and below. */
  pads?: readonly [number, number];
  act?: object;
  /** Adds the graph's input. */
  residual?: boolean;
}

/** Convolutions and poolings one after the other on x [h, w, c]. */
function chain([h, w, c]: readonly [number, number, number], slides: readonly Slide[]): Graph {
  const graph = graphBuilder();
  const next = random(3);
  const weights = (shape: readonly number[]) =>
    graph.constant('w', shape, floats(next, size(shape), -0.5, 0.5));
  const x = graph.input('x', [h, w, c]);
  let y = x;
  for (const slide of slides) {
    const { op = 'conv2d', k = 1, stride = 1, dilation = 1, pads = [0, 0], act = relu6, residual } = slide;
    const channels = graph.value(y).shape[2] as number;
    const filters = op === 'depthwise2d' ? channels : (slide.filters ?? channels);
    const side = Math.floor(((k - 1) * dilation) / 2);
    const window = {
      strides: [stride, stride],
      padding: [pads[0], side, pads[1], side],
      dilations: [dilation, dilation],
    };
    if (op === 'maxpool2d') {
      [y] = graph.node(op, op, { poolSize: [k, k], ...window }, [y]) as [number];
      continue;
    }
    const inputs = [
      y,
      weights(op === 'conv2d' ? [k, k, channels, filters] : [k, k, channels, 1]),
      weights([filters]),
    ];
    const groups = op === 'conv2d' ? { groups: 1 } : {};
    const attributes = { ...window, ...groups, ...act, ...(residual && { residual: true }) };
    [y] = graph.node(op, op, attributes, residual ? [...inputs, x] : inputs) as [number];
  }
  return graph.finish([y]);
}

const pool = (k: number, more: Slide = {}): Slide => ({ op: 'maxpool2d', k, stride: 2, ...more });

const depthwise = (k: number, more: Slide = {}): Slide => ({
  op: 'depthwise2d',
  k,
  pads: [(k - 1) / 2, (k - 1) / 2],
  ...more,
});

function run(engine: Engine, threads: number, plan: Plan, batch: number, x: Float32Array): Float32Array {
  const [port] = plan.outputs as [Plan['outputs'][number]];
  const output = new Float32Array(batch * port.size).fill(Number.NaN);
  const program = open(engine, threads).load(plan);
  program.runSync(batch, [x], [output]);
  program.dispose();
  return output;
}

const apart = (plan: Plan): Plan => ({
  ...plan,
  steps: plan.steps.map((step) => ({ ...step, together: 1 })),
});
const together = (plan: Plan): number[] => plan.steps.map((step) => step.together);

const cases: { name: string; graph: Graph; together: number[] }[] = [
  {
    name: 'an inverted residual, added in place of nothing that is still read',
    graph: chain([52, 50, 12], [{ filters: 72 }, depthwise(3), { filters: 12, act: {}, residual: true }]),
    together: [3, 1, 1],
  },
  {
    name: 'stride 2, an odd height, 5x5',
    graph: chain(
      [61, 47, 8],
      [{ filters: 56 }, depthwise(5, { stride: 2 }), { filters: 10, act: { activation: 'swish' } }],
    ),
    together: [2, 1, 1],
  },
  {
    name: 'a first layer, two depthwise ones, unequal padding',
    graph: chain(
      [120, 118, 3],
      [
        { k: 3, stride: 2, pads: [0, 1], filters: 40 },
        depthwise(3, { pads: [1, 2] }),
        { filters: 40 },
        depthwise(3, { stride: 2, pads: [0, 1] }),
      ],
    ),
    together: [4, 1, 1, 1],
  },
  {
    name: 'windows in the padding, dilation',
    graph: chain(
      [50, 52, 8],
      [{ filters: 56 }, depthwise(3, { dilation: 3, pads: [9, 11] }), { filters: 9 }],
    ),
    together: [3, 1, 1],
  },
  {
    name: 'a first layer, a pooling and one cell',
    graph: chain(
      [131, 129, 3],
      [{ k: 3, stride: 2, filters: 64 }, pool(3, { pads: [0, 0] }), { filters: 16 }],
    ),
    together: [2, 1, 1],
  },
  {
    name: 'the same for a larger image, padding',
    graph: chain(
      [201, 199, 3],
      [{ k: 5, stride: 2, pads: [3, 1], filters: 64 }, pool(3, { pads: [1, 0] }), { filters: 16 }],
    ),
    together: [3, 1, 1],
  },
  {
    name: 'poolings first and last',
    graph: chain([130, 131, 40], [pool(2), { filters: 48 }, pool(5, { stride: 3, pads: [2, 3] })]),
    together: [3, 1, 1],
  },
  {
    name: 'strides that step over rows',
    graph: chain([90, 40, 8], [{ filters: 40 }, depthwise(3, { stride: 4, pads: [0, 0] })]),
    together: [2, 1],
  },
];

describe.each(cases)('$name', (one) => {
  const plan = compile(one.graph);

  test('may run together', () => {
    expect(together(plan)).toEqual(one.together);
  });

  test('as written', () => {
    expectAsUnfused(one.graph);
  });

  test.each(available)('$title: the same bits as step by step, for any threads and batch', (engine) => {
    const x = floats(random(5), 3 * (plan.inputs[0] as Plan['inputs'][number]).size);
    for (const batch of [1, 3]) {
      const alone = run(engine, 1, apart(plan), batch, x.subarray(0, (batch * x.length) / 3));
      for (const threads of engine.name === 'js' ? [1] : [1, 2, 3]) {
        expectSameBits(run(engine, threads, plan, batch, x.subarray(0, (batch * x.length) / 3)), alone);
      }
    }
  });
});

describe('what does not run together', () => {
  test('around small values, or one that something else reads as well', () => {
    expect(together(compile(chain([20, 20, 8], [{ filters: 48 }, depthwise(3), { filters: 8 }])))).toEqual([
      1, 1, 1,
    ]);
    const graph = chain([60, 60, 8], [{ filters: 48 }, depthwise(3)]);
    const [expanded] = (graph.nodes[0] as Graph['nodes'][number]).outputs as [number];
    expect(together(compile({ ...graph, outputs: [...graph.outputs, expanded] }))).toEqual([1, 1]);
  });

  test('big weights, and a 3x3 convolution behind another', () => {
    expect(together(compile(chain([12, 12, 256], [{ filters: 1024 }, depthwise(3)])))).toEqual([1, 1]);
    const twice = chain([60, 60, 8], [{ filters: 40 }, { k: 3, pads: [1, 1], filters: 8 }]);
    expect(together(compile(twice))).toEqual([1, 1]);
  });
});
