import type { OpId } from '../ops/index.js';
import type { Attributes, Shaped } from '../ops/op.js';
import type { Scaled } from './scaled.js';

/**
 * What flows in a graph. A *sample* value exists once per sample of the batch and its shape leaves the batch out;
 * a *shared* value (weights, statistics) exists once. A constant carries its data; late passes make some that have
 * their factors still beside them.
 */
export interface Value extends Shaped {
  readonly name: string;
  readonly data?: Float32Array;
  readonly scaled?: Scaled;
}

/**
 * One op applied: `inputs` and `outputs` are indices into `Graph.values`; `name` is the layer it came from.
 * `repeat`: the op works on `repeat` items per sample, which are the first axis of its sample inputs and outputs; shape
 * rule and geometry see the shapes without that axis.
 */
export interface Node {
  readonly op: OpId;
  readonly name: string;
  readonly attributes: Attributes;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly repeat?: number | undefined;
}

/** The shape of a value as the op of a node with `repeat` sees it. */
export function itemOf<S extends Shaped>(value: S, repeat: number | undefined): S {
  return repeat === undefined || !value.perSample ? value : { ...value, shape: value.shape.slice(1) };
}

/** All attributes in one object that inherits nothing: a changed Object.prototype must not reach the shape rules. */
export function attributesOf(...parts: readonly Attributes[]): Attributes {
  return Object.assign(Object.create(null), ...parts);
}

/** Nodes stand in an order in which they can run. Passes build new graphs and never change one. */
export interface Graph {
  readonly values: readonly Value[];
  readonly nodes: readonly Node[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}
