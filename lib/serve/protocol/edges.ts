import type { Model, ModelPort } from '../../model/face.js';
import { originOfModel } from '../../model/origin.js';
import { checkShape, type DataType, showShape, sizeOf } from '../../tensor.js';
import { refuse } from '../refusal.js';
import { type Datatype, datatypeOf } from './datatypes.js';

/** An input or output as the protocol shows it: the batch is the first length, -1 stands for free ones. */
export interface Edge {
  readonly name: string;
  readonly dtype: DataType;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** The ends of a model in the protocol's terms. */
export interface Edges {
  readonly inputs: readonly Edge[];
  readonly outputs: readonly Edge[];
}

export function edgesOf(model: Model): Edges {
  // Graphs from files count the batch among their axes, models of layers leave it out.
  const batch = originOfModel(model)?.kind === 'graph' ? [] : [-1];
  const edge = ({ name, dtype, shape }: ModelPort): Edge =>
    Object.freeze({ name, dtype, datatype: datatypeOf(dtype), shape: Object.freeze([...batch, ...shape]) });
  return { inputs: model.inputs.map(edge), outputs: model.outputs.map(edge) };
}

/** The shape that a request gives an input; a ShapeError or Refusal (400) where it is none, or does not fit. */
export function checkedShape(who: string, edge: Edge, given: unknown): readonly number[] {
  if (given === undefined) return refuse(`${who}: expected a shape`);
  const shape = checkShape(who, 'shape', given);
  // A graph may leave even the rank open: then the model itself checks.
  if (edge.shape.length === 0) return shape;
  const fits =
    shape.length === edge.shape.length &&
    edge.shape.every((length, axis) => length === -1 || length === shape[axis]);
  if (fits) return shape;
  return refuse(
    `${who}: expected the shape ${showShape(edge.shape)}, -1 being free, got ${showShape(shape)}`,
  );
}

/** The shape of the one sample that these bytes are: the batch is 1, one other length may be free. */
export function sampleShape(who: string, { shape, datatype }: Edge, bytes: number): readonly number[] {
  const sample = shape.map((length, axis) => (axis === 0 && length === -1 ? 1 : length));
  const free = sample.filter((length) => length === -1).length;
  if (shape.length === 0 || free > 1) {
    return refuse(
      `${who}: the shape ${showShape(shape)} is too free for raw bytes; send it in a JSON header`,
    );
  }
  const known = sizeOf(sample.map((length) => (length === -1 ? 1 : length))) * datatype.bytes;
  const fits = free === 0 ? bytes === known : bytes > 0 && bytes % known === 0;
  if (!fits) {
    const wanted = free === 0 ? `${known} bytes` : `a multiple of ${known} bytes`;
    return refuse(
      `${who}: expected ${wanted} for one sample of ${showShape(sample)} ${datatype.name}, got ${bytes}`,
    );
  }
  return checkShape(
    who,
    'shape',
    sample.map((length) => (length === -1 ? bytes / known : length)),
  );
}
