import { OptionError, show } from '../errors.js';
import type { Json } from '../json.js';
import type { OpId } from '../ops/index.js';
import type { Attributes } from '../ops/op.js';
import { isList, list, type Options } from '../options.js';
import { checkShape, maxRank } from '../tensor.js';
import type { Initializer } from './initializers.js';

/** What every layer takes. */
export interface LayerOptions {
  /** Its name in the model; `<type>_<n>` where it has none. */
  readonly name?: string | undefined;
  /** The shape of one sample, without the batch; for the first layer of a sequential. */
  readonly inputShape?: readonly number[] | undefined;
}

/** A layer: checked options that become nodes when a model is made. Models never share the weights of a layer. */
export interface Layer {
  readonly type: string;
  readonly name: string | undefined;
  readonly inputShape: readonly number[] | undefined;
  /** All options of this type with their defaults, as plain JSON. */
  readonly options: Readonly<Record<string, Json>>;
  /** Connects the layer in a functional model; applied twice, it has its weights once. */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor;
}

/** A place in a functional model that has no numbers yet: made by `input` and `layer.apply`. */
export interface SymbolicTensor {
  readonly kind: 'symbolic';
}

/** How one weight of a layer starts, and whether training changes it. */
export interface WeightInit {
  readonly initializer: Initializer;
  /** Terms that one output sums up, and outputs that one input reaches: what Glorot and He scale by. */
  readonly fanIn?: number;
  readonly fanOut?: number;
  readonly trainable?: boolean;
}

/** Where a layer puts its nodes and weights; values are ids of the graph. */
export interface LayerScope {
  /** Shape of a value, without the batch. */
  shape(value: number): readonly number[];
  /** The weight of that name: made by the first application of the layer, found again by the others. */
  weight(name: string, shape: readonly number[], init: WeightInit): number;
  /** A vector that belongs to the layer's options. */
  constant(name: string, data: Float32Array): number;
  node(op: OpId, attributes: Attributes, inputs: readonly number[]): number;
  /** Throws a ShapeError that begins with the layer's path: `layer 3 (conv2d "conv2d_2"): <rule>`. */
  fail(rule: string): never;
}

/** Nodes for the given input values, and the id of the result. */
export type Emit = (scope: LayerScope, inputs: readonly number[]) => number;

/** What is behind a layer; `several`: it takes two or more inputs, all others take one. */
export interface LayerBody {
  readonly emit: Emit;
  readonly several: boolean;
}

/** What is behind a symbolic tensor: an input, or a layer applied; `serial` grows with every one. */
export type Origin =
  | { readonly serial: number; readonly name: string | undefined; readonly shape: readonly number[] }
  | { readonly serial: number; readonly layer: Layer; readonly inputs: readonly SymbolicTensor[] };

const bodies = new WeakMap<object, LayerBody>();
const origins = new WeakMap<object, Origin>();
let serial = 0;

export const common = ['name', 'inputShape'] as const;

/** A frozen layer of checked options; entries of `options` that are undefined are left out. */
export function makeLayer(
  type: string,
  given: Options<'name' | 'inputShape'>,
  options: Readonly<Record<string, Json | undefined>>,
  emit: Emit,
  several = false,
): Layer {
  const present = Object.entries(options).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  const layer: Layer = Object.freeze({
    type,
    name: given.name === undefined ? undefined : checkName(type, given.name),
    inputShape: given.inputShape === undefined ? undefined : checkInputShape(type, given.inputShape),
    options: Object.freeze(Object.fromEntries(present)),
    apply: (inputs: unknown) => applied(layer, several, inputs),
  });
  bodies.set(layer, { emit, several });
  return layer;
}

/** What `layer` does, or an OptionError where it was not made by a function of `layers`. */
export function bodyOf(who: string, name: string, layer: unknown): LayerBody {
  const body = typeof layer === 'object' && layer !== null ? bodies.get(layer) : undefined;
  if (body) return body;
  const hint = typeof layer === 'function' ? ' (is a call missing?)' : '';
  throw new OptionError(
    `${who}: expected ${name} to be a layer such as layers.conv2d({...}), got ${show(layer)}${hint}`,
  );
}

export function originOf(who: string, name: string, value: unknown): Origin {
  const origin = typeof value === 'object' && value !== null ? origins.get(value) : undefined;
  if (origin) return origin;
  throw new OptionError(
    `${who}: expected ${name} to be made by input() or layer.apply(), got ${show(value)}`,
  );
}

/** A symbolic tensor for a model's input. */
export function symbolicInput(name: string | undefined, shape: readonly number[]): SymbolicTensor {
  return symbolic({ serial: serial++, name, shape });
}

function applied(layer: Layer, several: boolean, inputs: unknown): SymbolicTensor {
  const { type } = layer;
  const given = isList(inputs) ? list(type, 'inputs', inputs) : [inputs];
  for (const [i, item] of given.entries()) originOf(type, `input ${i}`, item);
  if (several ? given.length < 2 : given.length !== 1) {
    throw new OptionError(
      `${type}: expected ${several ? 'two or more inputs' : 'one input'}, got ${given.length}`,
    );
  }
  return symbolic({ serial: serial++, layer, inputs: Object.freeze(given as SymbolicTensor[]) });
}

function symbolic(origin: Origin): SymbolicTensor {
  const made = Object.freeze({ kind: 'symbolic' } as const);
  origins.set(made, Object.freeze(origin));
  return made;
}

/** Names become keys of files and objects: text without control characters or halves of surrogate pairs. */
export function checkName(who: string, name: unknown): string {
  if (typeof name === 'string' && name.length > 0 && name.length <= 256 && !/[\p{Cc}\p{Cs}]/u.test(name))
    return name;
  throw new OptionError(
    `${who}: expected name to be a text of 1 to 256 printable characters, got ${show(name)}`,
  );
}

export function checkInputShape(who: string, shape: unknown, name = 'inputShape'): readonly number[] {
  const checked = checkShape(who, name, shape);
  if (checked.length > 0 && checked.length < maxRank) return checked;
  throw new OptionError(
    `${who}: expected ${name} to have 1 to 7 dimensions, without the batch, got ${show(shape)}`,
  );
}

/** Height, width and channels of an image value. */
export function imageShape(scope: LayerScope, value: number): readonly [number, number, number] {
  const shape = scope.shape(value);
  const [height, width, channels] = shape;
  if (shape.length === 3 && height && width && channels) return [height, width, channels];
  return scope.fail(`expected an input of shape [height, width, channels], got [${shape.join(', ')}]`);
}
