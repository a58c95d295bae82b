import { OptionError, ShapeError } from '../errors.js';
import { type GraphBuilder, graphBuilder } from '../graph/builder.js';
import type { Graph } from '../graph/graph.js';
import { bodyOf, type Layer, type LayerScope, type WeightInit } from '../layers/layer.js';
import { checkShape, sameShape, showShape, sizeOf } from '../tensor.js';
import { multiplyAdds } from './cost.js';
import { namer } from './names.js';

/** A weight as a model knows it, whether or not it has numbers yet. */
export interface WeightSpec extends WeightInit {
  /** `conv2d_1/kernel` */
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** Its id among the values of the graph. */
  readonly value: number;
}

/** A layer in a model: its name there and its weights. */
export interface PlacedLayer {
  readonly layer: Layer;
  readonly name: string;
  readonly weights: readonly WeightSpec[];
}

/** A layer used once. Sources count the inputs of the model first, then the applications. */
export interface Application {
  readonly layer: number;
  readonly sources: readonly number[];
  readonly outputShape: readonly number[];
  /** Multiply-adds for one sample. */
  readonly cost: number;
}

/** A named input or output; the shape leaves the batch out, `source` is its index. */
export interface NetworkPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly source: number;
}

/** All layers connected and checked. The weights are values of the graph without data. */
export interface Network {
  readonly graph: Graph;
  readonly inputs: readonly NetworkPort[];
  readonly outputs: readonly NetworkPort[];
  readonly layers: readonly PlacedLayer[];
  readonly applications: readonly Application[];
  readonly weights: readonly WeightSpec[];
}

export interface NetworkBuilder {
  /** Gives the source's index; inputs come before all applications. */
  input(name: string | undefined, shape: readonly number[]): number;
  /** Checks the layer on these sources and gives its index; when it throws, nothing has changed. */
  apply(layer: unknown, sources: readonly number[]): number;
  /** The shape of a source, without the batch. */
  shape(source: number): readonly number[];
  finish(outputs: readonly number[]): Network;
}

/** Builds the networks of `sequential`, `model` and `load`; `who` begins errors that belong to no layer. */
export function networkBuilder(who: string): NetworkBuilder {
  let path = who;
  const graph = graphBuilder(() => path);
  const chooseName = namer();
  const inputs: NetworkPort[] = [];
  const placed: PlacedLayer[] = [];
  const indices = new Map<Layer, number>();
  const applications: Application[] = [];
  /** Ids in the graph of all sources. */
  const values: number[] = [];
  const shapeOf = (value: number) => graph.value(value).shape;

  return Object.freeze({
    input(asked: string | undefined, shape: readonly number[]) {
      const { name, keep } = chooseName(who, 'input', asked);
      keep();
      const source = values.push(graph.input(name, shape)) - 1;
      inputs.push(Object.freeze({ name, shape, source }));
      return source;
    },

    apply(given: unknown, sources: readonly number[]) {
      const at = applications.length;
      const body = bodyOf(who, `layer ${at}`, given);
      const layer = given as Layer;
      const index = indices.get(layer) ?? placed.length;
      const before = placed[index];
      const chosen = before
        ? undefined
        : chooseName(`${who}: layer ${at} (${layer.type})`, layer.type, layer.name);
      const name = before?.name ?? (chosen?.name as string);
      path = `layer ${at} (${layer.type} "${name}")`;
      const ids = sources.map((source) => values[source] as number);
      checkInputs(path, layer, body.several, ids.map(shapeOf));
      const scope = layerScope(graph, path, name, before?.weights);
      const value = body.emit(scope, ids);
      if (chosen) {
        chosen.keep();
        indices.set(layer, index);
        placed.push(Object.freeze({ layer, name, weights: Object.freeze(scope.weights) }));
      }
      const outputShape = shapeOf(value);
      applications.push(
        Object.freeze({ layer: index, sources: [...sources], outputShape, cost: scope.cost() }),
      );
      return values.push(value) - 1;
    },

    shape: (source: number) => shapeOf(values[source] as number),

    finish(sources: readonly number[]) {
      if (applications.length === 0) throw new OptionError(`${who}: expected one layer or more, got none`);
      const ids = (all: readonly number[]) => all.map((source) => values[source] as number);
      const nameOf = (source: number): string => {
        const application = applications[source - inputs.length];
        return (application ? placed[application.layer] : inputs[source])?.name as string;
      };
      const outputs = sources.map((source) => ({
        name: nameOf(source),
        shape: shapeOf(values[source] as number),
        source,
      }));
      return Object.freeze({
        graph: graph.finish(ids(sources), ids(inputs.map(({ source }) => source))),
        inputs: Object.freeze([...inputs]),
        outputs: numbered(outputs),
        layers: Object.freeze([...placed]),
        applications: Object.freeze([...applications]),
        weights: Object.freeze(placed.flatMap(({ weights }) => weights)),
      });
    },
  });
}

function checkInputs(
  path: string,
  layer: Layer,
  several: boolean,
  shapes: readonly (readonly number[])[],
): void {
  if (several ? shapes.length < 2 : shapes.length !== 1) {
    const rule = several ? 'two or more inputs (connect them with model and layer.apply)' : 'one input';
    throw new ShapeError(`${path}: expected ${rule}, got ${shapes.length}`);
  }
  const [shape] = shapes;
  if (!layer.inputShape || !shape || sameShape(layer.inputShape, shape)) return;
  throw new ShapeError(
    `${path}: expected an input of the inputShape ${showShape(layer.inputShape)}, got ${showShape(shape)}`,
  );
}

/** The scope of one application; `shared` are the weights of the layer where it was applied before. */
function layerScope(
  graph: GraphBuilder,
  path: string,
  name: string,
  shared: readonly WeightSpec[] | undefined,
): LayerScope & { readonly weights: WeightSpec[]; cost(): number } {
  const weights: WeightSpec[] = [];
  let cost = 0;
  const fail = (rule: string): never => {
    throw new ShapeError(`${path}: ${rule}`);
  };
  return {
    weights,
    cost: () => cost,
    fail,
    shape: (value) => graph.value(value).shape,
    weight(part, shape, init) {
      const full = `${name}/${part}`;
      const found = shared?.find((weight) => weight.name === full);
      if (!found) {
        const checked = checkShape(path, part, shape);
        const value = graph.input(full, checked, false);
        weights.push(Object.freeze({ ...init, name: full, shape: checked, size: sizeOf(checked), value }));
        return value;
      }
      if (sameShape(found.shape, shape)) return found.value;
      return fail(
        `expected ${part} ${showShape(found.shape)} as in the layer's first use, got ${showShape(shape)}`,
      );
    },
    constant: (part, data) => graph.constant(`${name}/${part}`, [data.length], data),
    node(op, attributes, ids) {
      const [value = -1] = graph.node(op, name, attributes, ids);
      cost += multiplyAdds(op, attributes, ids.map(graph.value), graph.value(value));
      return value;
    },
  };
}

/** Outputs bear the name of their layer; from the second of one layer on, `name:2` and so forth. */
function numbered(outputs: readonly NetworkPort[]): readonly NetworkPort[] {
  const counts = new Map<string, number>();
  return Object.freeze(
    outputs.map((output) => {
      const count = (counts.get(output.name) ?? 0) + 1;
      counts.set(output.name, count);
      return Object.freeze({ ...output, name: count === 1 ? output.name : `${output.name}:${count}` });
    }),
  );
}
