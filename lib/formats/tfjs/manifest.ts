import { show } from '../../errors.js';
import { maxRank, sizeOf } from '../../tensor.js';
import type { Fail } from '../safetensors.js';
import { isObject, type JsonObject, jsonObject } from './json-object.js';

/** Bytes of one number as it is stored. */
const widths: ReadonlyMap<unknown, number> = new Map([
  ['float32', 4],
  ['float16', 2],
  ['int32', 4],
  ['uint16', 2],
  ['uint8', 1],
  ['bool', 1],
]);
const quantized = ['uint8', 'uint16', 'float16'];
const dtypes = ['float32', 'float16', 'int32', 'uint8', 'bool'];

const maxWeights = 100_000;

/** q scale + min; float16 has neither. */
export interface Quantization {
  readonly dtype: string;
  readonly scale: number;
  readonly min: number;
}

/** Where a weight lies: bytes of its group. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization: Quantization | undefined;
  readonly begin: number;
  readonly end: number;
  readonly group: number;
  /** State of an optimizer, which no layer reads. */
  readonly optimizer: boolean;
  readonly fail: Fail;
}

/** Weights that lie one after the other in files that are joined. */
export interface Group {
  readonly paths: readonly string[];
  readonly entries: readonly WeightEntry[];
  readonly bytes: number;
}

/** Reads `weightsManifest`; nothing is opened here. */
export function readManifest(list: readonly unknown[], fail: Fail): readonly Group[] {
  const names = new Set<string>();
  const files = new Set<string>();
  return list.map((item, group) => {
    const json = jsonObject(`weightsManifest[${group}]`, item, fail);
    const paths = json.list('paths').map((path) => {
      if (typeof path !== 'string') return json.fail(`expected paths to be texts, got ${show(path)}`);
      if (files.has(path)) json.fail(`expected every path once, got ${show(path)} twice`);
      files.add(path);
      return path;
    });
    let position = 0;
    const entries = json.list('weights').map((weight) => {
      const entry = readEntry(weight, group, position, json.fail);
      if (names.has(entry.name)) entry.fail('expected a name of its own');
      if (names.add(entry.name).size > maxWeights)
        json.fail(`expected ${maxWeights} weights at most, got more`);
      position = entry.end;
      return entry;
    });
    return { paths, entries, bytes: position };
  });
}

function readEntry(value: unknown, group: number, begin: number, outer: Fail): WeightEntry {
  const name = jsonObject('weight', value, outer).text('name');
  const json = jsonObject(`weight ${show(name)}`, value, outer);
  const { fail } = json;
  const shape = json.list('shape');
  if (!isShape(shape)) {
    return fail(`expected shape to be at most ${maxRank} non-negative integers, got ${show(shape)}`);
  }
  const dtype = json.text('dtype');
  if (!dtypes.includes(dtype)) fail(`expected dtype to be one of ${dtypes.join(', ')}, got ${show(dtype)}`);
  const quantization =
    json.get('quantization') === undefined ? undefined : readQuantization(json.object('quantization'));
  const bytes = sizeOf(shape) * (widths.get(quantization?.dtype ?? dtype) as number);
  if (!Number.isSafeInteger(begin + bytes)) fail(`expected a size below 2^53, got ${show(shape)}`);
  const optimizer = json.get('group') === 'optimizer';
  return { name, shape, dtype, quantization, begin, end: begin + bytes, group, optimizer, fail };
}

function isShape(value: readonly unknown[]): value is readonly number[] {
  return (
    value.length <= maxRank &&
    value.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)
  );
}

function readQuantization(json: JsonObject): Quantization {
  const dtype = json.text('dtype');
  if (!quantized.includes(dtype)) {
    json.fail(`expected dtype to be one of ${quantized.join(', ')}, got ${show(dtype)}`);
  }
  if (dtype === 'float16') return { dtype, scale: 1, min: 0 };
  const number = (name: string): number => {
    const value = json.get(name);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    return json.fail(`expected ${name} to be a finite number, got ${show(value)}`);
  };
  return { dtype, scale: number('scale'), min: number('min') };
}

/** Whether JSON is a manifest at all. */
export function isManifest(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isObject);
}
