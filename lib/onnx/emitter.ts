import { ShapeError } from '../errors.js';
import type { GraphBuilder } from '../graph/builder.js';
import type { OpId } from '../ops/index.js';
import type { Attributes } from '../ops/op.js';
import { type DataType, sizeOf } from '../tensor.js';
import { floatsOf } from './known.js';
import { NeedsShared, NeedsValue } from './needs.js';
import type { NodeScope } from './node-scope.js';
import { NotBatched } from './not-batched.js';
import { batch, type Flowing, type Known, type Length, type Value } from './value.js';

/** What a whole import shares: the graph that grows, and how inputs are found behind a value. */
export interface EmitContext {
  readonly builder: GraphBuilder;
  /** The first axis of every flowing value is the free batch, which shapes of the graph leave out. */
  readonly batched: boolean;
  /** Known numbers in float32, made once. */
  readonly floats: WeakMap<Known, Float32Array>;
  /** Names of the values that a node or an output of the graph reads. */
  readonly read: ReadonlySet<string>;
  /** Names of the flowing graph inputs from which a value is computed, those that are no float32 first. */
  sources(name: string): readonly string[];
}

/** What a rule writes one ONNX node with. Axes and shapes are those of ONNX, the batch included. */
export interface Emitter {
  readonly scope: NodeScope;
  readonly inputs: readonly (Value | undefined)[];
  /** Axes in front that shapes of the graph leave out: 1 in batched mode. */
  readonly lead: 0 | 1;
  /** Whether somebody reads the output at `index`. */
  uses(index: number): boolean;
  /** The input at `index`, which has to be there. */
  input(index: number): Value;
  /** The same as a value of the graph, of `leastRank` axes or more. */
  flow(index: number, leastRank?: number): Flowing;
  /** An input whose numbers decide about the graph: NeedsValue where they come with each call. */
  known(index: number): Known;
  optionalKnown(index: number): Known | undefined;
  lift(value: Value): Flowing;
  /** An axis of ONNX (negative ones from the end) as one of the graph; NotBatched for the batch. */
  axis(axis: number, rank: number): number;
  isShared(x: Flowing): boolean;
  /** The graph's shape of a value. */
  shapeOf(id: number): readonly number[];
  constant(shape: readonly number[], data: Float32Array): number;
  /** A value that exists once, under another shape of as many elements. */
  shared(value: Value, index: number, shape: readonly number[]): number;
  /** A value beside flowing ones of `rank` axes; NotBatched for a known one that differs along the batch. */
  beside(value: Value, rank: number): number;
  /** Values that broadcast against each other as in NumPy, as values of the graph that do so too. */
  operands(values: readonly Value[]): number[];
  /** One node with one output. */
  apply(
    op: OpId,
    attributes: Attributes,
    inputs: readonly number[],
    type: DataType,
    repeat?: number,
  ): Flowing;
}

export function rankOf(value: Value): number {
  return value.shape.length;
}

/** A length that is a number. */
export function fixed(length: Length | undefined): number {
  if (typeof length === 'number') return length;
  if (length === undefined) throw new ShapeError('expected an axis more, got none');
  throw new NotBatched('the batch stands where a number is needed');
}

export function emitter(
  context: EmitContext,
  scope: NodeScope,
  inputs: readonly (Value | undefined)[],
): Emitter {
  const { builder, batched, floats } = context;
  const lead = batched ? 1 : 0;
  const name = scope.node.name;

  const flowing = (id: number, type: DataType): Flowing => {
    const { shape, perSample } = builder.value(id);
    return { kind: 'flowing', type, shape: batched && perSample ? [batch, ...shape] : shape, id };
  };
  const constant = (shape: readonly number[], data: Float32Array): number =>
    builder.constant(`${name}/constant`, shape, data);
  const numbers = (known: Known): Float32Array => {
    const found = floats.get(known) ?? floatsOf(known);
    floats.set(known, found);
    return found;
  };
  const apply: Emitter['apply'] = (op, attributes, ids, type, repeat) => {
    const [id] = builder.node(op, name, attributes, ids, repeat);
    return flowing(id as number, type);
  };
  const input = (index: number): Value => inputs[index] ?? scope.fail(`expected an input ${index}, got none`);
  const sourcesOf = (index: number): readonly string[] => context.sources(scope.node.inputs[index] as string);
  const known = (index: number): Known => {
    const value = input(index);
    if (value.kind === 'known') return value;
    const [source] = sourcesOf(index);
    if (source === undefined)
      return scope.fail(
        `expected input ${index} to be made of constants, shapes and given numbers, got one that is computed`,
      );
    throw new NeedsValue(source);
  };
  const lift = (value: Value): Flowing => {
    if (value.kind === 'flowing') return value;
    if (batched) throw new NotBatched('a constant has no batch');
    return flowing(constant(value.shape, numbers(value)), value.type);
  };
  const beside = (value: Value, rank: number): number => {
    if (value.kind === 'flowing') return value.id;
    const { shape } = value;
    if (!batched || shape.length < rank) return constant(shape, numbers(value));
    if (shape.length > rank || shape[0] !== 1) throw new NotBatched('a constant differs along the batch');
    return constant(shape.slice(1), numbers(value));
  };

  return {
    scope,
    inputs,
    lead,
    uses: (index) => context.read.has(scope.node.outputs[index] ?? ''),
    input,
    known,
    lift,
    constant,
    apply,
    beside,
    flow(index, leastRank = 0) {
      const { shape } = input(index);
      if (shape.length < leastRank) {
        scope.fail(`expected input ${index} of ${leastRank} axes or more, got [${shape.join(', ')}]`);
      }
      return lift(input(index));
    },
    optionalKnown: (index) => (inputs[index] ? known(index) : undefined),
    shapeOf: (id) => builder.value(id).shape,
    isShared: ({ id }) => !builder.value(id).perSample,

    axis(axis, rank) {
      const counted = axis < 0 ? axis + rank : axis;
      if (!Number.isInteger(counted) || counted < 0 || counted >= rank) {
        return scope.fail(`expected an axis from ${-rank} to ${rank - 1}, got ${axis}`);
      }
      if (counted < lead) throw new NotBatched('an operator works along the batch');
      return counted - lead;
    },

    shared(value, index, shape) {
      const lengths: readonly Length[] = value.shape;
      if (lengths.reduce<number>((all, length) => all * fixed(length), 1) !== sizeOf(shape)) {
        scope.fail(
          `expected input ${index} with the numbers of [${shape.join(', ')}], got [${lengths.join(', ')}]`,
        );
      }
      if (value.kind === 'known') return constant(shape, numbers(value));
      if (batched) throw new NotBatched('weights come from an input');
      const { perSample, shape: present } = builder.value(value.id);
      if (perSample) {
        const sources = sourcesOf(index);
        if (sources.length === 0) scope.fail(`expected input ${index} to be one of the model's weights`);
        throw new NeedsShared(sources);
      }
      if (present.join() === shape.join()) return value.id;
      return apply('reshape', { shape }, [value.id], value.type).id;
    },

    operands(values) {
      const flows = values.filter((value) => value.kind === 'flowing');
      const rank = Math.max(...(flows.length > 0 ? flows : values).map(rankOf));
      if (batched) {
        if (flows.length === 0 || flows.some((value) => rankOf(value) !== rank))
          throw new NotBatched('the batch is broadcast against another axis');
        return values.map((value) => beside(value, rank));
      }
      const ids = values.map((value) => beside(value, rank));
      // A shared operand may not have more axes than a sample one.
      const most = Math.max(...ids.map((id) => builder.value(id).shape.length));
      return ids.map((id) => {
        const { shape, perSample } = builder.value(id);
        if (!perSample || shape.length === most) return id;
        const longer = [...Array.from({ length: most - shape.length }, () => 1), ...shape];
        return apply('reshape', { shape: longer }, [id], 'float32').id;
      });
    },
  };
}
