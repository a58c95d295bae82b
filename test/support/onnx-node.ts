import { expect, test } from 'vitest';
import {
  type DataType,
  evaluators,
  type Known,
  type Numbers,
  nodeScope,
  type OnnxAttribute,
} from './internals.js';

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Known numbers; `batches` are the factors of the batch. */
export function known(
  type: DataType,
  shape: readonly number[],
  values: readonly number[],
  batches?: readonly number[],
): Known {
  const data: Numbers =
    type === 'int64' ? BigInt64Array.from(values, (value) => BigInt(value)) : arrays[type].from(values);
  return { kind: 'known', type, shape, data, batches: batches && Float64Array.from(batches) };
}

export const ints = (...values: number[]): Known => known('int64', [values.length], values);
export const floats = (...values: number[]): Known => known('float32', [values.length], values);
export const int = (value: number): Known => known('int64', [], [value]);

export const int32 = (...values: number[]): Known => known('int32', [values.length], values);
export const uint8 = (...values: number[]): Known => known('uint8', [values.length], values);
export const bool = (...values: number[]): Known => known('bool', [values.length], values);
export const doubles = (...values: number[]): Known => known('float64', [values.length], values);
export const long = (...values: bigint[]): Known => ({
  ...ints(...values.map(() => 0)),
  data: BigInt64Array.from(values),
});
/** [[1, 2, 3], [4, 5, 6]] */
export const matrix = known('int64', [2, 3], [1, 2, 3, 4, 5, 6]);
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value });

type Plain = number | string | readonly number[] | Known;

function attribute(value: Plain): OnnxAttribute {
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value === 'number') return { kind: Number.isInteger(value) ? 'int' : 'float', value };
  if ('kind' in value) return { kind: 'tensor', value: { ...value, name: '' } };
  return { kind: value.every(Number.isInteger) ? 'ints' : 'floats', value };
}

export interface NodeOptions {
  readonly opset?: number;
  readonly outputs?: number;
}

/** The outputs of one node. Numbers of attributes that are whole are ints, but for those given as `float`. */
export function evaluate(
  op: string,
  inputs: readonly (Known | undefined)[],
  attributes: Readonly<Record<string, Plain | OnnxAttribute>> = {},
  { opset = 17, outputs = 1 }: NodeOptions = {},
): readonly Known[] {
  const evaluator = evaluators.get(op);
  if (!evaluator) throw new Error(`no evaluator for ${op}`);
  const entries = Object.entries(attributes).map(([name, value]): [string, OnnxAttribute] => [
    name,
    typeof value === 'object' && 'value' in value ? value : attribute(value),
  ]);
  const node = {
    op,
    name: op.toLowerCase(),
    inputs: inputs.map((value, i) => (value ? `x${i}` : '')),
    outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    attributes: new Map(entries),
  };
  return evaluator(nodeScope(node, 0, opset), inputs);
}

/** What tests compare: type, shape and plain numbers. */
export function plain(value: Known | undefined): {
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly values: readonly (number | bigint)[];
} {
  if (!value) throw new Error('expected an output');
  const values = Array.from(value.data as ArrayLike<number | bigint>, (item) =>
    Number.isSafeInteger(Number(item)) ? Number(item) : item,
  );
  return { type: value.type, shape: value.shape, values };
}

/** One line of a table; the last outputs of a node may be left out. */
export type Case = readonly [
  name: string,
  op: string,
  inputs: readonly (Known | undefined)[],
  attributes: Parameters<typeof evaluate>[2],
  expected: Known | readonly Known[],
  options?: NodeOptions,
];

/** Exact results, types and shapes included. */
export function check(cases: readonly Case[]): void {
  for (const [name, op, inputs, attributes, expected, options] of cases) {
    test(name, () => {
      const results = evaluate(op, inputs, attributes, options);
      const list = 'kind' in expected ? [expected] : expected;
      expect(results.slice(0, list.length).map(plain)).toEqual(list.map(plain));
      expect(results[0]?.batches && [...results[0].batches]).toEqual(
        list[0]?.batches && [...list[0].batches],
      );
    });
  }
}
