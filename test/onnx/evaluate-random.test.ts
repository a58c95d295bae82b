import { expect, test } from 'vitest';
import {
  type DataType,
  evaluators,
  type Known,
  ModelFileError,
  NotBatched,
  nodeScope,
  type OnnxAttribute,
} from '../support/internals.js';
import { known } from '../support/onnx-node.js';
import { random } from '../support/random.js';

const next = random(7);
const below = (count: number): number => Math.floor(next() * count);
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
const several = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make);

const types: readonly DataType[] = ['int64', 'int64', 'float32', 'int32', 'uint8', 'bool', 'float64'];
const numbers = [0, 1, 2, -1, 3, -2];
const rare = [2 ** 31, -(2 ** 31), 2 ** 40, -(2 ** 62), 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e30];

function value(type: DataType): number {
  if (type === 'bool') return below(2);
  const found = pick(below(10) > 0 ? numbers : rare);
  return type === 'int64' && !Number.isInteger(found) ? 1 : found;
}

function input(): Known {
  const type = pick(types);
  const shape = several(3, () => pick([1, 1, 2, 3, 0]));
  if (below(50) === 0) shape.push(0, 2 ** 35);
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => value(type));
  const batches = type === 'int64' && below(10) === 0 ? values.map(() => below(3)) : undefined;
  return known(type, shape, values, batches);
}

const names =
  `axis axes keepdims perm shape value to dtype k starts ends split mode pads batch_dims blocksize reduction
  min max alpha beta transA transB direction fmod start end allowzero repeats upper largest sorted exclusive reverse
  noop_with_empty_axes broadcast`.split(/\s+/);
const texts = ['constant', 'edge', 'reflect', 'wrap', 'CRD', 'add', 'LEFT', 'none', 'other'];

function attribute(): OnnxAttribute {
  const kind = pick(['int', 'int', 'ints', 'ints', 'float', 'string', 'tensor'] as const);
  if (kind === 'int') return { kind, value: pick([...numbers, 7, 2 ** 40, -100]) };
  if (kind === 'ints') return { kind, value: several(3, () => pick([...numbers, 2 ** 40])) };
  if (kind === 'float') return { kind, value: value('float32') };
  if (kind === 'string') return { kind, value: pick(texts) };
  return { kind, value: { ...input(), name: '' } };
}

/** The error of one random node; checks its results where there is none. */
function tried(op: string): unknown {
  const inputs = several(4, () => (below(10) === 0 ? undefined : input()));
  const attributes = new Map(several(3, () => [pick(names), attribute()] as const));
  const outputs = ['a', ...several(2, () => 'b')];
  const node = { op, name: 'node', inputs: inputs.map(() => 'x'), outputs, attributes };
  try {
    const results = evaluators.get(op)?.(nodeScope(node, 0, pick([1, 6, 9, 11, 13, 17, 18])), inputs) ?? [];
    for (const { shape, data, batches } of results) {
      expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      expect(batches?.length ?? data.length).toBe(data.length);
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

test('random nodes give whole results, or are refused by name', () => {
  const wrong = new Set<string>();
  const done = new Set<string>();
  for (const op of evaluators.keys()) {
    for (let i = 0; i < 1000; i++) {
      const error = tried(op);
      if (error === undefined) done.add(op);
      else if (!(error instanceof ModelFileError || error instanceof NotBatched))
        wrong.add(`${op}: ${error}`);
    }
  }
  expect([...wrong]).toEqual([]);
  expect(done.size).toBeGreaterThan(0.9 * evaluators.size);
});
