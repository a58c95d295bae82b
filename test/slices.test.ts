import { describe, expect, test } from 'vitest';
import { expectSameBits } from './support/bounds.js';
import { available, type Engine, open } from './support/engines.js';
import { compile, graphBuilder, type Plan } from './support/internals.js';
import { floats, random } from './support/random.js';

type Builder = ReturnType<typeof graphBuilder>;

const size = (shape: readonly number[]): number => shape.reduce((all, length) => all * length, 1);
const one = { strides: [1, 1], dilations: [1, 1] };
const relu = { activation: 'relu', beta: Number.POSITIVE_INFINITY };

function run(engine: Engine, plan: Plan, batch: number, data: readonly Float32Array[]): Float32Array[] {
  const outputs = plan.outputs.map((port) => new Float32Array(batch * port.size).fill(Number.NaN));
  const program = open(engine).load(plan);
  program.runSync(batch, data, outputs);
  program.dispose();
  return outputs;
}

/** Names of the ops of a plan, and how often each stands there. */
function counts(plan: Plan): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { op } of plan.steps) found[op] = (found[op] ?? 0) + 1;
  return found;
}

/** A graph whose weights are random, in short words. */
function sketch(graph: Builder) {
  const next = random(1);
  const weights = (shape: readonly number[]): number =>
    graph.constant('w', shape, floats(next, size(shape), -0.5, 0.5));
  const node = (op: Parameters<Builder['node']>[0], attributes: object, inputs: readonly number[]): number =>
    graph.node(op, op, attributes, inputs)[0] as number;
  const channels = (id: number): number => graph.value(id).shape.at(-1) as number;
  return {
    conv: (x: number, oc: number, k = 1): number =>
      node('conv2d', { ...one, padding: Array(4).fill((k - 1) / 2), groups: 1, ...relu }, [
        x,
        weights([k, k, channels(x), oc]),
        weights([oc]),
      ]),
    pool: (x: number): number => node('maxpool2d', { ...one, padding: [1, 1, 1, 1], poolSize: [3, 3] }, [x]),
    scale: (x: number): number => node('scale', relu, [x, weights([channels(x)]), weights([channels(x)])]),
    softmax: (x: number): number => node('softmax', { axis: 2 }, [x]),
    concat: (...inputs: number[]): number => node('concat', { axis: 2 }, inputs),
    copy: (attributes: object, x: number): number => node('copy', attributes, [x]),
    reshape: (x: number, ...shape: number[]): number => node('reshape', { shape }, [x]),
    /** Channels from `begin` to `end`. */
    slice: (x: number, begin: number, end: number): number => {
      const [h = 0, w = 0] = graph.value(x).shape;
      return node('copy', { kind: 'slice', begin: [0, 0, begin], size: [h, w, end - begin] }, [x]);
    },
  };
}

/** The plan of a graph on [6, 5, 8]. */
function planOf(build: (g: ReturnType<typeof sketch>, x: number) => readonly number[]): Plan {
  const graph = graphBuilder();
  const x = graph.input('x', [6, 5, 8]);
  return compile(graph.finish(build(sketch(graph), x)));
}

describe('plans without concatenation', () => {
  test('a shuffled unit: half of the channels are read where they lie, the others go straight to their place', () => {
    const plan = planOf((g, x) => {
      const y = g.conv(x, 12);
      const right = g.conv(g.conv(g.slice(y, 6, 12), 6), 6);
      return [g.conv(g.concat(g.slice(y, 0, 6), right), 4)];
    });
    expect(counts(plan)).toEqual({ conv2d: 4, copy: 1 });
    expect(plan.steps[1]?.inputs[0]).toMatchObject({ start: 6, size: 180, stride: 360, pitch: 12 });
    expect(plan.steps.find(({ op }) => op === 'copy')?.outputs[0]).toMatchObject({ start: 0, pitch: 12 });
  });

  test('enlarged pixels, tiles and what was another shape are written to their place', () => {
    const plan = planOf((g, x) => {
      const y = g.conv(x, 4);
      const top = g.copy({ kind: 'slice', begin: [0, 0, 0], size: [3, 5, 4] }, y);
      const wide = g.copy({ kind: 'upsample', size: [2, 3] }, top);
      const tiled = g.copy({ kind: 'tile', repeats: [1, 3, 2] }, y);
      const flat = g.copy({ kind: 'tile', repeats: [3] }, g.reshape(y, 120));
      return [g.conv(g.concat(wide, tiled, g.reshape(flat, 6, 15, 4)), 3)];
    });
    expect(counts(plan)).toEqual({ conv2d: 2, copy: 4 });
  });

  test('a slice stays a copy where its readers want it in one piece, or the caller does', () => {
    const softmax = planOf((g, x) => [g.softmax(g.slice(g.conv(x, 6), 2, 5))]);
    expect(counts(softmax)).toEqual({ conv2d: 1, copy: 1, softmax: 1 });
    const output = planOf((g, x) => [g.slice(g.conv(x, 6), 2, 5)]);
    expect(counts(output)).toEqual({ conv2d: 1, copy: 1 });
    const inputs = planOf((g, x) => [g.conv(g.slice(x, 2, 5), 4), g.conv(g.slice(x, 0, 2), 4)]);
    expect(counts(inputs)).toEqual({ conv2d: 2 });
  });

  test('an inception block and a fire block', () => {
    const inception = planOf((g, x) => {
      const a = g.conv(x, 8);
      return [
        g.conv(
          g.concat(
            g.conv(a, 12),
            g.conv(g.conv(a, 4), 9, 3),
            g.conv(g.conv(a, 3), 7, 5),
            g.conv(g.pool(a), 5),
          ),
          3,
        ),
      ];
    });
    expect(counts(inception)).toEqual({ conv2d: 8, maxpool2d: 1 });
    const fire = planOf((g, x) => {
      const squeezed = g.conv(x, 4);
      return [g.concat(g.conv(squeezed, 8), g.conv(squeezed, 8, 3))];
    });
    expect(counts(fire)).toEqual({ conv2d: 3 });
    expect(fire.steps.at(-1)?.outputs[0]).toMatchObject({ space: 'output', start: 8, pitch: 16 });
  });

  test('a dense block: each concatenation lies in the next, or all are parts of the last', () => {
    const chain = planOf((g, x) => {
      let all = g.conv(x, 6);
      for (let layer = 0; layer < 4; layer++) all = g.concat(all, g.conv(g.conv(g.scale(all), 8), 4, 3));
      return [g.conv(g.scale(all), 5)];
    });
    const lists = planOf((g, x) => {
      const made = [g.conv(x, 6)];
      for (let layer = 0; layer < 4; layer++) made.push(g.conv(g.conv(g.scale(g.concat(...made)), 8), 4, 3));
      return [g.conv(g.scale(g.concat(...made)), 5)];
    });
    expect(counts(chain)).toEqual({ conv2d: 10, scale: 5 });
    expect(counts(lists)).toEqual({ conv2d: 10, scale: 5 });
    const floatsOfBlock = 6 * 5 * (6 + 4 * 4);
    expect(chain.sampleArena).toBeLessThanOrEqual(floatsOfBlock + 6 * 5 * (18 + 8) + 64);
  });

  test('what cannot be made in its place is copied, and nothing else', () => {
    const plan = planOf((g, x) => [g.conv(g.concat(x, g.conv(x, 4), g.softmax(g.conv(x, 3))), 2)]);
    expect(counts(plan)).toEqual({ conv2d: 3, softmax: 1, concat: 2 });
    const copied = plan.steps.filter(({ op }) => op === 'concat').map(({ inputs }) => inputs[0]?.size);
    expect(copied).toEqual([6 * 5 * 8, 6 * 5 * 3]);
  });

  test('along the first axis anybody writes to its place', () => {
    const graph = graphBuilder();
    const g = sketch(graph);
    const x = graph.input('x', [6, 5, 8]);
    const y = graph.node('concat', 'c', { axis: 0 }, [g.softmax(g.conv(x, 4)), g.conv(x, 4)]);
    expect(counts(compile(graph.finish(y)))).toEqual({ conv2d: 2, softmax: 1 });
  });
});

interface Made {
  readonly id: number;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Grows a random graph and computes every node by itself. No node may be folded or fused, which would round
 * differently: what could take something in has an activation already.
 */
function grow(engine: Engine, seed: number, repeat: number | undefined) {
  const next = random(seed);
  const pick = (below: number): number => Math.floor(next() * below);
  const batch = 1 + pick(3);
  const graph = graphBuilder();
  const values: Made[] = [];
  const lead = repeat === undefined ? [] : [repeat];

  const apply = (
    op: Parameters<Builder['node']>[0],
    attributes: object,
    inputs: readonly Made[],
    weights: readonly (readonly number[])[] = [],
    items = true,
  ): void => {
    const constants = weights.map((shape) => ({ shape, data: floats(next, size(shape), -0.5, 0.5) }));
    const alone = graphBuilder();
    const build = (to: Builder, ids: readonly number[]): number => {
      const [first, ...rest] = ids;
      const w = constants.map(({ shape, data }) => to.constant('w', shape, data));
      return to.node(
        op,
        op,
        attributes,
        [first as number, ...w, ...rest],
        items ? repeat : undefined,
      )[0] as number;
    };
    const y = build(
      alone,
      inputs.map(({ shape }, i) => alone.input(`x${i}`, shape)),
    );
    const [data] = run(
      engine,
      compile(alone.finish([y])),
      batch,
      inputs.map((input) => input.data),
    );
    const id = build(
      graph,
      inputs.map((input) => input.id),
    );
    values.push({ id, shape: graph.value(id).shape, data: data as Float32Array });
  };

  const shape = [...lead, 3, 8, 1 + pick(9)];
  const x = { id: graph.input('x', shape), shape, data: floats(next, batch * size(shape), -1, 1) };
  values.push(x);
  const any = (among: readonly Made[]): Made => among[pick(among.length)] as Made;
  const some = (): Made => values[Math.max(pick(values.length), pick(values.length))] as Made;
  const window = { strides: [1, 1], dilations: [1, 1], padding: [1, 1, 1, 1] };
  const alike = (a: readonly number[], b: readonly number[], but = -1): boolean =>
    a.length === b.length && a.every((length, axis) => axis === but || length === b[axis]);

  for (let step = 0; step < 16; step++) {
    const a = some();
    const c = a.shape.at(-1) as number;
    const oc = pick(4) === 0 ? 1 : 1 + pick(20);
    const kind = pick(19);
    if (kind === 0) apply('conv2d', { ...window, groups: 1, ...relu }, [a], [[3, 3, c, oc], [oc]]);
    else if (kind === 1) {
      apply('conv2d', { ...window, padding: [0, 0, 0, 0], groups: 1, ...relu }, [a], [[1, 1, c, oc]]);
    } else if (kind === 2) {
      const residual = any(values.filter((value) => alike(value.shape, a.shape)));
      apply('conv2d', { ...window, groups: 1, ...relu, residual: true }, [a, residual], [[3, 3, c, c], [c]]);
    } else if (kind === 3) apply('depthwise2d', { ...window, ...relu }, [a], [[3, 3, c, 1], [c]]);
    else if (kind === 4) apply('maxpool2d', { ...window, poolSize: [3, 3] }, [a]);
    else if (kind === 5) apply('averagepool2d', { ...window, poolSize: [3, 3] }, [a]);
    else if (kind === 6) apply('scale', { activation: 'leakyrelu', alpha: 0.5 }, [a], [[c], [c]]);
    else if (kind >= 15) {
      const begin = pick(c);
      const [bounds, whole] = [[...a.shape.slice(lead.length, -1), 1 + pick(c - begin)], pick(2) === 0];
      // With the items as an ordinary axis, too.
      const front = whole ? lead : [];
      const slice = {
        kind: 'slice',
        begin: [...front.map(() => 0), 0, 0, begin],
        size: [...front, ...bounds],
      };
      const tall = (a.shape[lead.length] as number) > 4;
      const grown = tall ? { kind: 'tile', repeats: [1, 1, 2] } : { kind: 'upsample', size: [2, 1] };
      if (kind < 18) apply('copy', slice, [a], [], !whole);
      else if (c < 30) apply('copy', grown, [a]);
    } else if (kind === 10) apply('unary', { activation: 'tanh' }, [a]);
    else if (kind === 7) apply('softmax', { axis: 2 }, [a]);
    else if (kind === 8) {
      apply('convtranspose2d', { ...window, outputPadding: [0, 0], ...relu }, [a], [[3, 3, oc, c], [oc]]);
    } else if (kind === 9) {
      apply('binary', { kind: 'add', ...relu }, [a, any(values.filter((v) => alike(v.shape, a.shape)))]);
    } else if ((a.shape.at(-1) as number) > 60 || (a.shape[lead.length] as number) > 12) continue;
    else {
      const axis = pick(4) === 0 ? pick(2) : 2;
      const others = values.filter((v) => alike(v.shape, a.shape, axis + lead.length));
      const inputs = Array.from({ length: 1 + pick(3) }, () => any(others));
      // With the items as an ordinary axis, too.
      const whole = repeat !== undefined && pick(2) === 0;
      apply('concat', { axis: whole ? axis + 1 : axis }, [a, ...inputs], [], !whole);
    }
  }
  const outputs = values.filter((_, i) => i > 0 && (i === values.length - 1 || pick(6) === 0));
  return { plan: compile(graph.finish(outputs.map(({ id }) => id))), batch, x: x.data, outputs };
}

test('a constant beside items stands in each of them, and what follows behind it', () => {
  const graph = graphBuilder();
  const x = graph.input('x', [2, 3]);
  const k = graph.constant('k', [2], Float32Array.of(8, 9));
  const made = graph.node('unary', 'made', { activation: 'abs' }, [x]);
  const plan = compile(graph.finish(graph.node('concat', 'c', { axis: 0 }, [...made, k, x], 2)));
  expect(counts(plan)).toEqual({ unary: 1, concat: 2 });
  const data = Float32Array.from({ length: 12 }, (_, i) => -1 - i);
  const rows = [1, 4, 7, 10].map((i) => [i, i + 1, i + 2]);
  const wanted = Float32Array.from(rows.flatMap((row) => [...row, 8, 9, ...row.map((v) => -v)]));
  for (const engine of available) expectSameBits(run(engine, plan, 2, [data])[0] as Float32Array, wanted);
});

for (const engine of available) {
  describe(`random graphs on ${engine.name}`, () => {
    /** The ops that met values in parts of others, at one of their ends. */
    const met = new Set<string>();

    test.for([undefined, 1, 3])('the same bits as node by node, items per sample: %s', (repeat) => {
      for (let seed = 1; seed <= 40; seed++) {
        const { plan, batch, x, outputs } = grow(engine, seed, repeat);
        const answers = run(engine, plan, batch, [x]);
        for (const [i, { data }] of outputs.entries()) expectSameBits(answers[i] as Float32Array, data);
        for (const step of plan.steps) {
          step.inputs.forEach(({ pitch }, index) => {
            if (pitch > 0) met.add(`${step.op} reads ${index}`);
          });
          if ((step.outputs[0]?.pitch ?? 0) > 0) met.add(`${step.op} writes`);
          if ([...step.inputs, ...step.outputs].some((ref) => ref.stride > ref.size && ref.pitch === 0)) {
            met.add('whole samples apart');
          }
        }
      }
    });

    test('among them parts of bigger values for all that can step over the rest', () => {
      for (const op of ['conv2d', 'depthwise2d', 'maxpool2d', 'averagepool2d', 'scale', 'unary', 'concat']) {
        expect(met).toContain(`${op} reads 0`);
        expect(met).toContain(`${op} writes`);
      }
      for (const other of ['copy writes', 'conv2d reads 3', 'convtranspose2d writes', 'whole samples apart'])
        expect(met).toContain(other);
    });
  });
}
