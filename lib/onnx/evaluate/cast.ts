import { arrays, elementTypes, isDataType } from '../../formats/onnx/element-types.js';
import type { ElementType } from '../../formats/onnx/file.js';
import type { DataType } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import { NotBatched } from '../not-batched.js';
import type { Known } from '../value.js';
import { type Elements, type Evaluator, type Inputs, isFloat, known, newNumbers, required } from './known.js';

/** The data type that a file names by number. */
export function typeNumbered(scope: NodeScope, number: number): DataType {
  const type = elementTypes[number];
  if (type !== undefined && isDataType(type)) return type;
  return scope.fail(`expected a data type of ${Object.keys(arrays).join(', ')}, got ${type ?? number}`);
}

/** The attribute `to` of Cast: a number, and before opset 6 a name. */
export function castTarget(scope: NodeScope): DataType {
  if (scope.opset >= 6) return typeNumbered(scope, scope.int('to'));
  const name = scope.string('to').toLowerCase();
  return typeNumbered(scope, elementTypes.indexOf((floatNames.get(name) ?? name) as ElementType));
}

const floatNames: ReadonlyMap<string, DataType> = new Map([
  ['float', 'float32'],
  ['double', 'float64'],
]);

/** Smallest and largest number of the integer types that floats are clamped to; ONNX leaves that open. */
const ranges = { uint8: [0, 255], int32: [-(2 ** 31), 2 ** 31 - 1] } as const;

/**
 * The numbers in another type: floats are cut towards 0 and clamped (NaN is 0), integers wrap, float32 rounds to nearest,
 * and all but 0 is true.
 */
export function cast(scope: NodeScope, value: Known, type: DataType): Known {
  if (value.type === type) return value;
  if (value.batches && (isFloat(type) || type === 'bool' || type === 'uint8')) {
    throw new NotBatched(`${scope.op} to ${type} of a number that depends on the batch`);
  }
  const data = newNumbers(type, value.data.length);
  const convert = converter(value.type, type);
  const to: Elements = data;
  for (let i = 0; i < data.length; i++) to[i] = convert(value.data[i] as number | bigint);
  return known(type, value.shape, data, value.batches);
}

function converter(from: DataType, to: DataType): (value: number | bigint) => number | bigint {
  if (to === 'bool') return (value) => (Number(value) === 0 ? 0 : 1);
  if (isFloat(to)) return Number;
  if (to === 'int64') {
    if (!isFloat(from)) return BigInt;
    // 2^63 itself is past the end, and asIntN would wrap it.
    return (value) => {
      const whole = Math.trunc(Number(value)) || 0;
      if (whole >= 2 ** 63) return 2n ** 63n - 1n;
      return whole <= -(2 ** 63) ? -(2n ** 63n) : BigInt(whole);
    };
  }
  if (from === 'int64') return (value) => Number(BigInt.asIntN(32, value as bigint));
  if (!isFloat(from)) return Number;
  const [low, high] = ranges[to as keyof typeof ranges];
  return (value) => Math.min(Math.max(Math.trunc(Number(value)) || 0, low), high);
}

function castTo(scope: NodeScope, inputs: Inputs): readonly Known[] {
  return [cast(scope, required(scope, inputs, 0), castTarget(scope))];
}

function castLike(scope: NodeScope, inputs: Inputs): readonly Known[] {
  return [cast(scope, required(scope, inputs, 0), required(scope, inputs, 1).type)];
}

/** The same bits as a type of as many bytes. */
function bitCast(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const type = typeNumbered(scope, scope.int('to'));
  const data = newNumbers(type, source.data.length);
  if (data.byteLength !== source.data.byteLength) {
    scope.fail(`expected a data type as wide as ${source.type}, got ${type}`);
  }
  const { buffer, byteOffset, byteLength } = source.data;
  new Uint8Array(data.buffer).set(new Uint8Array(buffer, byteOffset, byteLength));
  return [known(type, source.shape, data)];
}

/** What refuses numbers that depend on the batch. */
export const bitCasts: Readonly<Record<string, Evaluator>> = { BitCast: bitCast };

export const casts: Readonly<Record<string, Evaluator>> = { Cast: castTo, CastLike: castLike };
