import { describe, expect, test } from 'vitest';
import { expectExact, expectSameBits, expectWithin, relativeError } from './support/bounds.js';
import { available, open } from './support/engines.js';
import { nameOf, poolFields, windowFields } from './support/geometry.js';
import { compile, graphBuilder, ops } from './support/internals.js';
import { floats, random } from './support/random.js';
import { offset } from './support/reference.js';
import { resolve, resolveTransposed, type Window } from './support/windows.js';

const shaped = (shape: readonly number[], perSample = true) => ({ shape, perSample });

/** Attributes of a windowed op as a graph records them. */
function attributesOf(spec: Window): { strides: number[]; padding: number[]; dilations: number[] } {
  return {
    strides: [...(spec.s ?? [1, 1])],
    padding: [...(spec.pad ?? [0, 0, 0, 0])],
    dilations: [...(spec.d ?? [1, 1])],
  };
}

function geometryOf(op: keyof typeof ops, attributes: object, shapes: readonly (readonly number[])[]) {
  const inputs = shapes.map((shape, i) => shaped(shape, i === 0));
  const outputs = ops[op].infer(attributes, inputs);
  return { geometry: ops[op].geometry(attributes, inputs, outputs), shape: outputs[0]?.shape };
}

describe('from attributes to named numbers', () => {
  const next = random(5);
  const pick = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const windows = Array.from({ length: 40 }, (): Window => {
    const k = [pick(1, 4), pick(1, 4)] as const;
    const d = [pick(1, 2), pick(1, 2)] as const;
    return {
      ...{ h: pick(8, 20), w: pick(8, 20), c: 2 * pick(1, 4), k, d },
      ...{ s: [pick(1, 3), pick(1, 3)], pad: [pick(0, 3), pick(0, 3), pick(0, 3), pick(0, 3)] },
    };
  });

  test.for(windows.map((spec) => ({ spec, name: nameOf(spec) })))('windows: $name', ({ spec }) => {
    const { h, w, c, k } = spec;
    const r = resolve(spec);
    const none = { act: 0, alpha: 0, beta: 0 };
    const attributes = attributesOf(spec);

    const conv = geometryOf('conv2d', { ...attributes, groups: 2 }, [[h, w, c], [...k, c / 2, 6], [6]]);
    expect(conv.shape).toEqual([r.oh, r.ow, 6]);
    expect(conv.geometry).toEqual({
      ...windowFields(spec, 6),
      groups: 2,
      bias: 1,
      oihw: 0,
      residual: 0,
      pool: 0,
      winograd: 0,
      ...none,
    });

    const depthwise = geometryOf('depthwise2d', attributes, [
      [h, w, c],
      [...k, c, 3],
    ]);
    expect(depthwise.shape).toEqual([r.oh, r.ow, 3 * c]);
    expect(depthwise.geometry).toEqual({ ...windowFields(spec, 3 * c), bias: 0, oihw: 0, ...none });

    const columns = geometryOf('im2col', { ...attributes, kernelSize: k }, [[h, w, c]]);
    expect(columns.shape).toEqual([r.oh, r.ow, r.kh * r.kw * c]);

    const t = resolveTransposed(spec);
    const transposed = geometryOf('convtranspose2d', { ...attributes, outputPadding: [0, 0] }, [
      [h, w, c],
      [...k, 5, c],
    ]);
    expect(transposed.shape).toEqual([t.oh, t.ow, 5]);
    expect(transposed.geometry).toEqual({ ...windowFields(spec, 5, t), bias: 0, ...none });

    // Pools refuse padding as large as their window.
    const [pt, pb, pl, pr] = attributes.padding as [number, number, number, number];
    if (Math.max(pt, pb) >= k[0] || Math.max(pl, pr) >= k[1]) return;
    const max = geometryOf('maxpool2d', { ...attributes, poolSize: k }, [[h, w, c]]);
    expect(max.shape).toEqual([r.oh, r.ow, c]);
    expect(max.geometry).toEqual(poolFields(spec));
    const average = geometryOf('averagepool2d', { ...attributes, poolSize: k, includePadding: true }, [
      [h, w, c],
    ]);
    expect(average.geometry).toEqual({ ...poolFields(spec), include: 1 });
  });

  test.for([
    { a: [7], b: [7, 5], t: {}, y: [5], g: [1, 1, 7, 5, 0, 0] },
    { a: [2, 3, 7], b: [7, 5], t: {}, y: [2, 3, 5], g: [1, 6, 7, 5, 0, 0] },
    { a: [3, 7], b: [5, 7], t: { transposeB: true }, y: [3, 5], g: [1, 3, 7, 5, 0, 1] },
    { a: [7, 3], b: [5, 7], t: { transposeA: true, transposeB: true }, y: [3, 5], g: [1, 3, 7, 5, 1, 1] },
    { a: [4, 3, 7], b: [4, 7, 5], t: {}, y: [4, 3, 5], g: [4, 3, 7, 5, 0, 0] },
    { a: [2, 4, 7, 3], b: [2, 4, 7, 5], t: { transposeA: true }, y: [2, 4, 3, 5], g: [8, 3, 7, 5, 1, 0] },
  ])('matmul $a x $b $t', ({ a, b, t, y, g: [groups, m, k, n, ta, tb] }) => {
    const { geometry, shape } = geometryOf('matmul', t, [a, b]);
    expect(shape).toEqual(y);
    expect(geometry).toEqual({ groups, m, k, n, ta, tb, bias: 0, half: 0, act: 0, alpha: 0, beta: 0 });
  });
});

/** Compiles and runs a graph of one input per shape. */
function evaluate(
  engine: (typeof available)[number],
  shapes: readonly (readonly number[])[],
  build: (graph: ReturnType<typeof graphBuilder>, inputs: number[]) => readonly number[],
  data: readonly Float32Array[],
  batch = 1,
): Float32Array[] {
  const graph = graphBuilder();
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, shape));
  const plan = compile(graph.finish(build(graph, inputs)));
  const outputs = plan.outputs.map(({ size, perSample }) =>
    new Float32Array(perSample ? batch * size : size).fill(Number.NaN),
  );
  open(engine).load(plan).runSync(batch, data, outputs);
  return outputs;
}

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
const rowMajor = (shape: readonly number[]): number[] => shape.map((_, i) => product(shape.slice(i + 1)));

/** The float that stands at an index of an array of `shape`; 0 outside. */
const at = (x: Float32Array, shape: readonly number[], index: readonly number[]): number =>
  index.every((i, axis) => i >= 0 && i < (shape[axis] as number))
    ? (x[index.reduce((sum, i, axis) => sum + i * (rowMajor(shape)[axis] as number), 0)] as number)
    : Number.NaN;

/** An array of `shape` whose element at each index is `of(index)`. */
function fill(shape: readonly number[], of: (index: number[]) => number): Float32Array {
  return Float32Array.from({ length: product(shape) }, (_, flat) =>
    of(rowMajor(shape).map((stride, axis) => Math.floor(flat / stride) % (shape[axis] as number))),
  );
}

for (const engine of available) {
  describe(`graphs on ${engine.name}`, () => {
    const numbers = (shape: readonly number[], seed = 1, batch = 1): Float32Array =>
      floats(random(seed), product(shape) * batch);

    test.for([
      { shape: [5], axes: [0] },
      { shape: [5, 7], axes: [1, 0] },
      { shape: [5, 7, 3], axes: [2, 0, 1] },
      { shape: [5, 7, 3], axes: [1, 0, 2] },
      { shape: [2, 3, 4, 5], axes: [3, 1, 0, 2] },
      { shape: [2, 3, 2, 3, 2, 3], axes: [5, 4, 3, 2, 1, 0] },
    ])('permute $shape by $axes', ({ shape, axes }) => {
      const x = numbers(shape);
      const to = axes.map((axis) => shape[axis] as number);
      const [y] = evaluate(
        engine,
        [shape],
        (g, [id]) => g.node('copy', 'p', { kind: 'permute', axes }, [id as number]),
        [x],
      );
      expectExact(
        y as Float32Array,
        fill(to, (index) =>
          at(
            x,
            shape,
            axes.map((_, axis) => index[axes.indexOf(axis)] as number),
          ),
        ),
      );
    });

    test('pad, upsample and slice', () => {
      const shape = [3, 4, 5];
      const x = numbers(shape);
      const run = (attributes: object) =>
        evaluate(engine, [shape], (g, [id]) => g.node('copy', 'c', attributes, [id as number]), [x])[0];
      const pads = [
        [1, 2],
        [0, 3],
        [2, 0],
      ] as const;
      expectExact(
        run({ kind: 'pad', pads, value: 7 }) as Float32Array,
        fill([6, 7, 7], (index) => {
          const value = at(
            x,
            shape,
            index.map((i, axis) => i - (pads[axis]?.[0] as number)),
          );
          return Number.isNaN(value) ? 7 : value;
        }),
      );
      expectExact(
        run({ kind: 'upsample', size: [2, 3] }) as Float32Array,
        fill([6, 12, 5], ([i, j, c]) =>
          at(x, shape, [(i as number) >> 1, Math.floor((j as number) / 3), c as number]),
        ),
      );
      expectExact(
        run({ kind: 'slice', begin: [1, 0, 2], size: [2, 3, 2] }) as Float32Array,
        fill([2, 3, 2], ([i, j, c]) => at(x, shape, [(i as number) + 1, j as number, (c as number) + 2])),
      );
    });

    test('concatenation along every axis', () => {
      const [a, b] = [numbers([2, 3, 4], 1, 2), numbers([2, 3, 4], 2, 2)];
      for (const axis of [0, 1, 2]) {
        const shape = [2, 3, 4].map((length, i) => (i === axis ? 2 * length : length));
        const [y] = evaluate(
          engine,
          [
            [2, 3, 4],
            [2, 3, 4],
          ],
          (g, ids) => g.node('concat', 'c', { axis }, ids),
          [a, b],
          2,
        );
        const wanted = [0, 1].flatMap((sample) => [
          ...fill(shape, (index) => {
            const length = [2, 3, 4][axis] as number;
            const second = (index[axis] as number) >= length;
            const from = index.map((i, k) => (k === axis && second ? i - length : i));
            return at((second ? b : a).subarray(24 * sample, 24 * sample + 24), [2, 3, 4], from);
          }),
        ]);
        expectExact(y as Float32Array, wanted);
      }
    });

    test('broadcasting of every pattern of four axes', () => {
      const whole = [2, 3, 4, 5];
      const patterns = Array.from({ length: 16 }, (_, bits) =>
        whole.map((length, i) => (bits & (1 << i) ? length : 1)),
      );
      for (const b of patterns) {
        const [x, z] = [numbers(whole, 1), numbers(b, 2)];
        const [y] = evaluate(engine, [whole, b], (g, ids) => g.node('binary', 'b', { kind: 'add' }, ids), [
          x,
          z,
        ]);
        const strides = rowMajor(b).map((stride, i) => (b[i] === 1 ? 0 : stride));
        expectExact(
          y as Float32Array,
          x.map((value, flat) => value + (z[offset(flat, whole, strides)] as number)),
        );
      }
    });

    test('an output that is an input, a constant, a reshape, or given twice', () => {
      const x = numbers([4], 1, 3);
      const run = (build: (g: ReturnType<typeof graphBuilder>, x: number) => readonly number[]) =>
        evaluate(engine, [[4]], (g, [id]) => build(g, id as number), [x], 3);
      expect(run((_g, id) => [id])).toEqual([x]);
      expect(run((_g, id) => [id, id])).toEqual([x, x]);
      const flat = (g: ReturnType<typeof graphBuilder>, id: number) =>
        g.node('reshape', 'r', { shape: [2, 2] }, [id]);
      expect(run((g, id) => [...flat(g, id), id])).toEqual([x, x]);
      const relu = { activation: 'relu', beta: Number.POSITIVE_INFINITY };
      const positive = x.map((value) => Math.max(0, value));
      expect(
        run((g, id) => {
          const [y] = g.node('unary', 'u', relu, [id]) as [number];
          return [y, ...g.node('reshape', 'r', { shape: [4, 1] }, [y]), y, id];
        }),
      ).toEqual([positive, positive, positive, x]);
      const [constant] = run((g, id) => [g.constant('c', [2], Float32Array.of(1, 2)), id]);
      expect(constant?.slice(0, 2)).toEqual(Float32Array.of(1, 2));
    });

    test('a value that is read late is not overwritten: long and wide graphs', () => {
      const shape = [3, 3, 8];
      const x = numbers(shape, 3, 2);
      const [y] = evaluate(
        engine,
        [shape],
        (g, [id]) => {
          const branches = Array.from({ length: 9 }, (_, i) =>
            g.node('unary', `u${i}`, { activation: 'leakyrelu', alpha: i / 10 }, [id as number]),
          ).flat();
          let sum = id as number;
          for (const branch of branches)
            [sum] = g.node('binary', 'add', { kind: 'add' }, [sum, branch]) as [number];
          return g.node('concat', 'c', { axis: 2 }, [sum, ...branches.toReversed()]);
        },
        [x],
        2,
      );
      const leaky = (value: number, i: number): number => (value < 0 ? (i / 10) * value : value);
      const wanted = Array.from({ length: 2 * 9 }).flatMap((_, pixel) => {
        const values = [...x.subarray(pixel * 8, pixel * 8 + 8)];
        const branches = Array.from({ length: 9 }, (_, i) => values.map((value) => leaky(value, i)));
        const sums = values.map((value, c) =>
          branches.reduce((sum, branch) => sum + (branch[c] as number), value),
        );
        return [sums, ...branches.toReversed()].flat();
      });
      expectWithin(y as Float32Array, wanted, 1e-5);
    });

    test('folding and fusing keep the answer: against the same steps with every value as an output', () => {
      const shape = [7, 6, 5];
      const c = 9;
      const x = numbers(shape, 5, 3);
      const next = random(11);
      const weights = {
        kernel: floats(next, 3 * 3 * 5 * c),
        bias: floats(next, c),
        mean: floats(next, c),
        gamma: floats(next, c),
        beta: floats(next, c),
      };
      const variance = floats(next, c, 0.1, 2);
      const build =
        (all: boolean) =>
        (g: ReturnType<typeof graphBuilder>, [id]: number[]) => {
          const vector = (name: string, data: Float32Array): number => g.constant(name, [data.length], data);
          const window = { strides: [1, 1], padding: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
          const kernel = g.constant('k', [3, 3, 5, c], weights.kernel);
          const [a] = g.node('conv2d', 'a', window, [id as number, kernel, vector('bias', weights.bias)]) as [
            number,
          ];
          const statistics = [
            vector('m', weights.mean),
            vector('v', variance),
            vector('g', weights.gamma),
            vector('b', weights.beta),
          ];
          const [b] = g.node('batchnorm', 'b', { epsilon: 1e-3 }, [a, ...statistics]) as [number];
          const [d] = g.node('unary', 'd', { activation: 'hardswish' }, [b]) as [number];
          const [e] = g.node('binary', 'e', { kind: 'add' }, [d, d]) as [number];
          const [f] = g.node('unary', 'f', { activation: 'relu', beta: 2 }, [e]) as [number];
          return all ? [f, a, b, d, e] : [f];
        };
      const [fused] = evaluate(engine, [shape], build(false), [x], 3) as [Float32Array];
      const [plain] = evaluate(engine, [shape], build(true), [x], 3) as [Float32Array];
      expect(relativeError(fused, plain)).toBeLessThan(1e-6);
      expect(fused.some((value) => value > 0)).toBe(true);
      expectSameBits(evaluate(engine, [shape], build(false), [x], 3)[0] as Float32Array, fused);
    });
  });
}
