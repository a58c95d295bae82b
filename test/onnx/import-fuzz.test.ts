import { expect, test } from 'vitest';
import {
  importOnnx,
  type Known,
  ModelFileError,
  NeedsValue,
  NotBatched,
  type OnnxAttribute,
  rules,
  ShapeError,
} from '../support/internals.js';
import { fileOf, node, requestFor } from '../support/onnx-graph.js';
import { known } from '../support/onnx-node.js';
import { random } from '../support/random.js';

const names = [
  ['axis', 'group', 'ceil_mode', 'storage_order', 'blocksize', 'size', 'num_groups', 'to', 'keepdims', 'p'],
  [
    'axes',
    'pads',
    'strides',
    'dilations',
    'kernel_shape',
    'perm',
    'split',
    'starts',
    'ends',
    'shape',
    'scales',
  ],
  [
    'output_padding',
    'output_shape',
    'auto_pad',
    'mode',
    'transA',
    'broadcast',
    'num_outputs',
    'noop_with_empty_axes',
  ],
].flat();
const words = [
  'SAME_UPPER',
  'VALID',
  'linear',
  'cubic',
  'reflect',
  'edge',
  'CRD',
  'align_corners',
  '__proto__',
];

/** Any operator with any inputs and attributes: it becomes a graph, or an error that names it. */
test('nodes of nonsense', () => {
  const next = random(7);
  const below = (n: number): number => Math.floor(next() * n);
  const list = (most: number): number[] => Array.from({ length: below(most) }, () => below(7) - 2);
  const value = (): OnnxAttribute => {
    switch (below(4)) {
      case 0:
        return { kind: 'int', value: below(7) - 2 };
      case 1:
        return { kind: 'string', value: words[below(words.length)] as string };
      case 2:
        return { kind: 'floats', value: list(5) };
      default:
        return { kind: 'ints', value: list(7) };
    }
  };
  const numbers = (): Known => {
    if (next() < 0.5) {
      const data = list(7);
      return known('int64', [data.length], data);
    }
    const shape = Array.from({ length: below(5) }, () => 1 + below(3));
    const size = shape.reduce((all, length) => all * length, 1);
    return known(
      'float32',
      shape,
      Array.from({ length: size }, () => next() * 4 - 2),
    );
  };
  const outcomes = new Map<string, number>();
  for (const op of rules.keys()) {
    for (let i = 0; i < 40; i++) {
      const inputs = ['x', ...['a', 'b', 'c', 'd', ''].slice(0, below(5))];
      const attributes = Object.fromEntries(
        Array.from({ length: below(7) }, () => [names[below(names.length)] as string, value()]),
      );
      const opset = [1, 6, 9, 11, 13, 18, 21][below(7)] as number;
      const weights = { a: numbers(), b: numbers(), c: numbers(), d: numbers() };
      const file = fileOf({
        nodes: [node(op, inputs, ['y', 'z'].slice(0, 1 + below(2)), attributes)],
        weights,
        opset,
      });
      const x = known(
        'float32',
        Array.from({ length: below(6) }, () => 1 + below(4)),
        [],
      );
      const mode = x.shape.length > 0 && next() < 0.5 ? 'batched' : 'whole';
      try {
        importOnnx(file, requestFor(file, mode, { x }));
        outcomes.set('graph', (outcomes.get('graph') ?? 0) + 1);
      } catch (error) {
        const kinds =
          mode === 'batched'
            ? [ModelFileError, ShapeError, NeedsValue, NotBatched]
            : [ModelFileError, ShapeError, NeedsValue];
        const told = `${op} ${JSON.stringify(attributes)} ${opset} ${mode}: ${error instanceof Error ? error.stack : error}`;
        expect(
          kinds.some((kind) => error instanceof kind),
          told,
        ).toBe(true);
        if (error instanceof ModelFileError || error instanceof ShapeError)
          expect(error.message, told).toMatch(/^node 0 \(/);
        outcomes.set('error', (outcomes.get('error') ?? 0) + 1);
      }
    }
  }
  expect(outcomes.get('graph')).toBeGreaterThan(300);
  expect(outcomes.get('error')).toBeGreaterThan(300);
});
