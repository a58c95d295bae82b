import { type DataType, showShape } from '../../tensor.js';
import type { NodeScope } from '../node-scope.js';
import type { Known } from '../value.js';
import { typeNumbered } from './cast.js';
import {
  type Evaluator,
  filled,
  filling,
  type Inputs,
  integers,
  integersOf,
  known,
  newNumbers,
  numberOf,
  required,
  roomFor,
  roomToFill,
  scalar,
} from './known.js';

/** The numbers of a tensor attribute. */
function tensorAttribute(scope: NodeScope, name: string): Known {
  const { type, shape, data } = scope.tensor(name);
  if (data === undefined)
    return scope.fail(`expected attribute "${name}" of a supported data type, got ${type}`);
  return known(type as DataType, shape, data);
}

function constant(scope: NodeScope): readonly Known[] {
  if (scope.has('value')) return [tensorAttribute(scope, 'value')];
  if (scope.has('value_float')) return [scalar('float32', scope.float('value_float'))];
  if (scope.has('value_int')) return [scalar('int64', scope.int('value_int'))];
  if (scope.has('value_ints')) return [integers(scope.ints('value_ints'))];
  if (!scope.has('value_floats')) return scope.fail('expected a value of numbers, got none');
  const values = scope.floats('value_floats');
  return [known('float32', [values.length], Float32Array.from(values))];
}

function constantOfShape(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const shape = integersOf(scope, required(scope, inputs, 0));
  const value = scope.has('value') ? tensorAttribute(scope, 'value') : scalar('float32', 0);
  return [filling(value.type, shape, roomToFill(scope, shape), numberOf(scope, value))];
}

/** Begin and end of the axes that Shape gives: clamped, never an error. */
export function shapeRange(scope: NodeScope, rank: number): readonly [number, number] {
  const clamp = (axis: number): number => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  return [clamp(scope.int('start', 0)), clamp(scope.int('end', rank))];
}

function shapeOf(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const { shape } = required(scope, inputs, 0);
  return [integers(shape.slice(...shapeRange(scope, shape.length)))];
}

function size(scope: NodeScope, inputs: Inputs): readonly Known[] {
  return [scalar('int64', required(scope, inputs, 0).data.length)];
}

function range(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const [start, limit, delta] = [0, 1, 2].map((i) => numberOf(scope, required(scope, inputs, i)));
  const { type } = required(scope, inputs, 0);
  if (Number(delta) === 0) return scope.fail('expected a delta that is not 0');
  const count = Math.max(Math.ceil((Number(limit) - Number(start)) / Number(delta)), 0);
  const data = newNumbers(type, roomFor(scope, [count], []));
  for (let i = 0; i < count; i++) {
    if (data instanceof BigInt64Array)
      data[i] = BigInt(start as bigint) + BigInt(i) * BigInt(delta as bigint);
    else data[i] = Number(start) + i * Number(delta);
  }
  return [known(type, [count], data)];
}

function eyeLike(scope: NodeScope, inputs: Inputs): readonly Known[] {
  const source = required(scope, inputs, 0);
  const [rows, columns] = source.shape;
  if (source.shape.length !== 2 || rows === undefined || columns === undefined) {
    return scope.fail(`expected a matrix, got the shape ${showShape(source.shape)}`);
  }
  const type = scope.has('dtype') ? typeNumbered(scope, scope.int('dtype')) : source.type;
  const data = filled(type, rows * columns, 0);
  const shift = scope.int('k', 0);
  for (let row = Math.max(0, -shift); row < rows && row + shift < columns; row++) {
    data[row * columns + row + shift] = type === 'int64' ? 1n : 1;
  }
  return [known(type, source.shape, data)];
}

/** Constants, and what is known from shapes alone. */
export const shapes: Readonly<Record<string, Evaluator>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: size,
  Range: range,
  EyeLike: eyeLike,
};
