import { ModelFileError, OptionError, ShapeError, show } from '../errors.js';
import { isDataType } from '../formats/onnx/element-types.js';
import type { OnnxFile, OnnxNode, OnnxPort, OnnxTensor } from '../formats/onnx/file.js';
import { type GraphBuilder, graphBuilder } from '../graph/builder.js';
import type { Graph } from '../graph/graph.js';
import { sizeOf } from '../tensor.js';
import { type Budget, newBudget } from './budget.js';
import { type EmitContext, emitter } from './emitter.js';
import { evaluators } from './evaluate/index.js';
import { freeElements } from './evaluate/known.js';
import { emptyKnown, knownOf, transposedKnown } from './known.js';
import { NeedsShared } from './needs.js';
import { type NodeScope, nodeScope } from './node-scope.js';
import { NotBatched } from './not-batched.js';
import { rules } from './operators/index.js';
import { readIn, sourcesIn } from './sources.js';
import { batch, type Known, type Length, type Value } from './value.js';

export interface ImportRequest {
  /**
   * `batched`: the first axis of every input is the free batch. `whole`: all lengths are given, and the graph is
   * compiled for one sample that holds everything.
   */
  readonly mode: 'batched' | 'whole';
  /** For each input that flows, its shape as the caller sees it (see `layout`), in batched mode without the batch. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Inputs whose numbers are given, in the layout of the caller. */
  readonly known: ReadonlyMap<string, Known>;
  /** The initializers. */
  readonly weights: ReadonlyMap<string, OnnxTensor>;
  /** `nhwc`: inputs and outputs of rank 4 are seen with their channels last. */
  readonly layout: 'nchw' | 'nhwc';
}

export interface Imported {
  readonly graph: Graph;
  /** Names of the inputs that flow, in the order of the graph's inputs. */
  readonly inputs: readonly string[];
  /** One per output of the file; `graph.outputs` are the ids of those that flow, in this order. */
  readonly outputs: readonly Value[];
}

/**
 * From a file to a graph. Throws NotBatched where the batched mode cannot say what the file says, NeedsValue where the
 * numbers of an input are needed, ModelFileError or ShapeError that name the node.
 */
export function importOnnx(file: OnnxFile, request: ImportRequest): Imported {
  const shared = new Set<string>();
  for (;;) {
    try {
      return attempt(file, request, shared);
    } catch (error) {
      if (!(error instanceof NeedsShared)) throw error;
      for (const name of error.inputs) shared.add(name);
    }
  }
}

/** `shared`: inputs that serve as weights, in whole mode. */
function attempt(file: OnnxFile, request: ImportRequest, shared: ReadonlySet<string>): Imported {
  const paths = new Map(
    file.nodes.map((node, i) => [node.name, `node ${i} (${node.op} ${show(node.name)})`]),
  );
  const builder = graphBuilder((name) => paths.get(name) ?? name);
  const values = new Map<string, Value>();
  const inputs: string[] = [];
  for (const port of file.inputs) {
    values.set(port.name, inputOf(port, request, builder, shared));
    if (values.get(port.name)?.kind === 'flowing') inputs.push(port.name);
  }
  const lengths = [...request.weights.values(), ...request.known.values()].map(
    ({ data }) => data?.length ?? 0,
  );
  const elements = lengths.reduce((sum, length) => sum + length, 0);
  const budget = newBudget(elements);
  const context: EmitContext = {
    builder,
    batched: request.mode === 'batched',
    floats: new WeakMap(),
    read: readIn(file),
    sources: sourcesIn(file, values),
  };
  const named = (name: string): Value | undefined => {
    const tensor = request.weights.get(name);
    if (tensor && !values.has(name)) values.set(name, knownOf(`initializer ${show(name)}`, tensor));
    return values.get(name);
  };

  for (const [index, node] of file.nodes.entries()) {
    const scope = nodeScope(node, index, file.opset, elements);
    const given = node.inputs.map((name) => {
      if (name === '') return undefined;
      return named(name) ?? scope.fail(`expected the value ${show(name)} to be computed before, got none`);
    });
    const results = applied(scope, given, context, budget);
    for (const [i, name] of node.outputs.entries()) {
      const result = results[i];
      if (result) values.set(name, result);
      else if (context.read.has(name)) scope.fail(`expected no use of output ${i}, which is not computed`);
    }
  }

  const outputs = file.outputs.map(({ name }) => {
    const value = named(name);
    if (!value) throw new ModelFileError(`output ${show(name)}: expected a node that computes it, got none`);
    return presented(value, request, builder, 'out');
  });
  const ids = outputs.flatMap((value) => (value.kind === 'flowing' ? [value.id] : []));
  return { graph: builder.finish(ids), inputs, outputs };
}

/** One node: computed now where everything is known, else by its rule. */
function applied(
  scope: NodeScope,
  inputs: readonly (Value | undefined)[],
  context: EmitContext,
  budget: Budget,
): readonly Value[] {
  const evaluator = evaluators.get(scope.op);
  const known = inputs.filter((value) => value?.kind !== 'flowing') as readonly (Known | undefined)[];
  if (evaluator && known.length === inputs.length) {
    const large = known.findIndex((value) => value?.filling && sizeOf(value.shape) > freeElements);
    if (large >= 0)
      scope.fail(`expected no arithmetic on a filling as large as weights, got one as input ${large}`);
    const results = evaluator(scope, known);
    budget(scope, known, results);
    return results;
  }
  const emit = emitter(context, scope, inputs);
  const rule = rules.get(scope.op);
  try {
    if (rule) return rule(emit, scope);
    if (!evaluator) return scope.fail('expected a supported operator');
    // Nothing but the evaluator computes this operator.
    for (const [i, value] of inputs.entries()) if (value) emit.known(i);
    throw new NotBatched('an operator needs all numbers');
  } catch (error) {
    // What does not fit here is the file's fault, not an option's.
    if (error instanceof OptionError) throw new ModelFileError(error.message, { cause: error });
    throw error;
  }
}

function inputOf(
  { name, type }: OnnxPort,
  request: ImportRequest,
  builder: GraphBuilder,
  shared: ReadonlySet<string>,
): Value {
  const known = request.known.get(name);
  if (known) return presented(known, request, builder, 'in');
  const shape = request.shapes.get(name);
  if (!shape) throw new ShapeError(`input ${show(name)}: expected a shape, got none`);
  if (!isDataType(type)) {
    throw new ModelFileError(`input ${show(name)}: expected a supported data type, got ${show(type)}`);
  }
  if (shape.includes(0)) {
    if (request.mode === 'batched') throw new NotBatched('an input without elements');
    return presented(emptyKnown(type, shape), request, builder, 'in');
  }
  const id = builder.input(name, shape, !shared.has(name));
  const whole: readonly Length[] = request.mode === 'batched' ? [batch, ...shape] : shape;
  return presented({ kind: 'flowing', type, shape: whole, id }, request, builder, 'in');
}

const orders = { in: [0, 3, 1, 2], out: [0, 2, 3, 1] };

/** An image from the caller's layout to the file's, or back. */
function presented(
  value: Value,
  { layout, mode }: ImportRequest,
  builder: GraphBuilder,
  way: 'in' | 'out',
): Value {
  if (layout === 'nchw' || value.shape.length !== 4) return value;
  const order = orders[way];
  if (value.kind === 'known') return transposedKnown(value, order);
  const axes = mode === 'batched' ? order.slice(1).map((axis) => axis - 1) : order;
  const [id] = builder.node('copy', 'layout', { kind: 'permute', axes }, [value.id]);
  const shape = order.map((axis) => value.shape[axis] as Length);
  return { ...value, shape, id: id as number };
}

/** Names of operators that a file uses and nothing here computes. */
export function unsupportedOperators(nodes: readonly OnnxNode[]): readonly string[] {
  const names = nodes.map(({ op }) => op).filter((op) => !rules.has(op) && !evaluators.has(op));
  return [...new Set(names)].sort();
}

/** Throws a ModelFileError that names all unsupported operators of a file. */
export function checkOperators(file: OnnxFile): void {
  const missing = unsupportedOperators(file.nodes);
  if (missing.length === 0) return;
  const hint = missing.some((op) => op.includes('.'))
    ? 'export the model with the operators of ai.onnx only'
    : 'simplify the model or export it with other operators';
  throw new ModelFileError(
    `onnx: expected operators that are supported, got ${missing.join(', ')} (opset ${file.opset}); ${hint}`,
  );
}
