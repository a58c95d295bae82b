import { OptionError, ShapeError } from '../errors.js';
import { type OpId, words } from '../ops/index.js';
import type { Attributes, Shaped } from '../ops/op.js';
import { showShape, sizeOf } from '../tensor.js';
import { attributesOf, type Graph, itemOf, type Node, type Value } from './graph.js';

/** Collects values and nodes in the order in which they can run; ids are indices into `Graph.values`. */
export interface GraphBuilder {
  /** An input of the graph; `perSample` (true) leaves the batch out of `shape`. */
  input(name: string, shape: readonly number[], perSample?: boolean): number;
  /** A shared value with its data, which is kept and never written. */
  constant(name: string, shape: readonly number[], data: Float32Array): number;
  /** Applies an op and infers the outputs' shapes at once; what it throws names `layerName` first. */
  node(
    op: OpId,
    layerName: string,
    attributes: Attributes,
    inputs: readonly number[],
    repeat?: number,
  ): readonly number[];
  value(id: number): Value;
  /** `inputs` are all that were declared, in that order, unless given. */
  finish(outputs: readonly number[], inputs?: readonly number[]): Graph;
}

/** `pathOf` turns a layer's name into what stands first in an error: `layer 3 (conv2d "features.3")`. */
export function graphBuilder(pathOf: (layerName: string) => string = (name) => name): GraphBuilder {
  const values: Value[] = [];
  const nodes: Node[] = [];
  const declared: number[] = [];

  const add = (value: Value): number => values.push(Object.freeze(value)) - 1;
  const value = (id: number): Value => {
    const found = values[id];
    if (!found) throw new ShapeError(`graph: expected the id of a value below ${values.length}, got ${id}`);
    return found;
  };

  return Object.freeze({
    value,

    input(name: string, shape: readonly number[], perSample = true) {
      const id = add({ name, shape: [...shape], perSample });
      declared.push(id);
      return id;
    },

    constant(name: string, shape: readonly number[], data: Float32Array) {
      const size = sizeOf(shape);
      if (data.length !== size) {
        throw new ShapeError(
          `${name}: expected ${size} numbers for the shape ${showShape(shape)}, got ${data.length}`,
        );
      }
      return add({ name, shape: [...shape], perSample: false, data });
    },

    node(
      op: OpId,
      layerName: string,
      given: Attributes,
      inputs: readonly number[],
      repeat: number | undefined = undefined,
    ) {
      const attributes = Object.freeze(attributesOf(given));
      const shapes = at(
        () => pathOf(layerName),
        () => {
          const read = inputs.map(value);
          if (repeat !== undefined) checkRepeat(repeat, read);
          return words[op].infer(
            attributes,
            read.map((input) => itemOf(input, repeat)),
          );
        },
      );
      const outputs = shapes.map((shaped, i) =>
        add({
          name: i === 0 ? layerName : `${layerName}:${i}`,
          shape: repeat === undefined || !shaped.perSample ? shaped.shape : [repeat, ...shaped.shape],
          perSample: shaped.perSample,
        }),
      );
      nodes.push(Object.freeze({ op, name: layerName, attributes, inputs: [...inputs], outputs, repeat }));
      return outputs;
    },

    finish(outputs: readonly number[], inputs: readonly number[] = declared) {
      for (const id of [...inputs, ...outputs]) value(id);
      return Object.freeze({
        values: [...values],
        nodes: [...nodes],
        inputs: [...inputs],
        outputs: [...outputs],
      });
    },
  });
}

function checkRepeat(repeat: number, inputs: readonly Shaped[]): void {
  for (const { perSample, shape } of inputs) {
    if (!perSample || shape[0] === repeat) continue;
    throw new ShapeError(`expected inputs of ${repeat} items, got the shape ${showShape(shape)}`);
  }
}

/** Runs a shape rule; the layer's path is put before its errors. */
function at(path: () => string, infer: () => readonly Shaped[]): readonly Shaped[] {
  try {
    return infer();
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof ShapeError)) throw error;
    const Kind = error instanceof OptionError ? OptionError : ShapeError;
    throw new Kind(`${path()}: ${error.message}`);
  }
}
