import type { Program } from '../backend/backend.js';
import { selectBackend } from '../backend/select.js';
import { compile } from '../compile/compile.js';
import { OptionError, ShapeError } from '../errors.js';
import { type GraphBuilder, graphBuilder } from '../graph/builder.js';
import type { Plan } from '../graph/plan.js';
import {
  checkFloatTensor,
  floatTensor,
  maxElements,
  overlaps,
  sameShape,
  showShape,
  sizeOf,
  type Tensor,
} from '../tensor.js';

/** An argument of an eager op; the first dimension of one *per sample* is the batch. */
export interface Operand {
  readonly name: string;
  readonly tensor: Tensor;
  readonly perSample: boolean;
}

/** An argument without a batch, or one whose batch is an axis like any other. */
export function whole(who: string, name: string, value: unknown): Operand {
  return { name, tensor: checkFloatTensor(who, name, value), perSample: false };
}

/** An argument whose first dimension is the batch: any batch runs on one plan. */
export function samples(who: string, name: string, value: unknown): Operand {
  return { name, tensor: checkFloatTensor(who, name, value), perSample: true };
}

export function checkRank(
  who: string,
  { name, tensor: { shape } }: Operand,
  rank: number,
  rule: string,
): void {
  if (shape.length === rank) return;
  throw new ShapeError(`${who}: expected ${name} to have the shape ${rule}, got ${showShape(shape)}`);
}

export interface EagerCall {
  /** The public name of the op: what errors begin with. */
  readonly who: string;
  /** All that decides about the plan besides the shapes. */
  readonly attributes: object;
  readonly operands: readonly Operand[];
  /** Adds the nodes to the graph; gets the operands' values and returns those of the results. */
  build(graph: GraphBuilder, operands: readonly number[]): readonly number[];
  /** A function over the last axis of the first result, after everything else. */
  readonly last?: 'softmax' | undefined;
  /** What the caller gave to be written: as the only result, or for each of several. */
  readonly out?: unknown;
  readonly outs?: readonly unknown[];
  /** How many of the first operands `out` may be the very same memory as. */
  readonly aliases?: number;
}

interface Loaded {
  readonly program: Program;
  readonly outputs: Plan['outputs'];
}

/** Programs of eager ops, the one used last at the end. */
const programs = new Map<string, Loaded>();
const maxPrograms = 256;

/** Runs a call that has one result. */
export function callOne(call: EagerCall): Tensor {
  return callAll(call)[0] as Tensor;
}

/** Runs an eager op as what it is: a cached plan of a step or two, for any batch where the op has one. */
export function callAll(call: EagerCall): Tensor[] {
  const { operands, who, out, outs } = call;
  const { program, outputs } = loaded(call);
  const batch = operands[0]?.perSample ? (operands[0].tensor.shape[0] as number) : 1;
  const results = outputs.map(({ shape, perSample }, index) => {
    const shown = Object.freeze(perSample ? [batch, ...shape] : [...shape]);
    const given = outs ? outs[index] : out;
    return given === undefined ? newTensor(who, shown) : checkOut(call, given, shown);
  });
  if (
    outs &&
    results.some(({ data }, i) => results.some((other, j) => j < i && overlaps(data, other.data)))
  ) {
    throw new OptionError(`${who}: expected each result of out to have memory of its own`);
  }
  program.runSync(
    batch,
    operands.map(({ tensor }) => tensor.data),
    results.map(({ data }) => data),
  );
  return results;
}

function loaded(call: EagerCall): Loaded {
  const key = keyOf(call);
  const found = programs.get(key) ?? load(call);
  programs.delete(key);
  programs.set(key, found);
  if (programs.size > maxPrograms) programs.delete(programs.keys().next().value as string);
  return found;
}

/** Written by hand because it is made for every call; JSON takes three times as long. */
function keyOf({ who, attributes, operands, last }: EagerCall): string {
  let key = last ? who + last : who;
  // The values alone: one op gives its attributes always in the same order, and nested ones are lists of numbers.
  for (const value of Object.values(attributes))
    key += typeof value === 'object' ? listed(value, 0) : `|${value}`;
  for (const { name, tensor, perSample } of operands)
    key += ` ${name}${listed(tensor.shape, perSample ? 1 : 0)}`;
  return key;
}

function listed(numbers: readonly number[], from: number): string {
  let text = '|';
  for (let i = from; i < numbers.length; i++) text += `${numbers[i]},`;
  return text;
}

function load({ who, operands, build, last }: EagerCall): Loaded {
  const graph = graphBuilder();
  const inputs = operands.map(({ name, tensor: { shape }, perSample }) =>
    graph.input(name, perSample ? shape.slice(1) : shape, perSample),
  );
  let results = build(graph, inputs);
  if (last) {
    const [first = 0, ...rest] = results;
    results = [...graph.node(last, who, { axis: graph.value(first).shape.length - 1 }, [first]), ...rest];
  }
  const plan = compile(graph.finish(results));
  return { program: selectBackend().load(plan), outputs: plan.outputs };
}

function newTensor(who: string, shape: readonly number[]): Tensor {
  const size = sizeOf(shape);
  try {
    if (size <= maxElements) return floatTensor(shape, new Float32Array(size));
  } catch {
    // No memory: the same answer as where no tensor can be that big.
  }
  throw new ShapeError(`${who}: a result of shape ${showShape(shape)} does not fit into memory`);
}

/** The tensor to be written: of the result's shape, and sharing memory with an operand only where the op allows it. */
function checkOut({ who, operands, aliases = 0 }: EagerCall, out: unknown, shape: readonly number[]): Tensor {
  const result = checkFloatTensor(who, 'out', out);
  if (!sameShape(result.shape, shape)) {
    throw new ShapeError(
      `${who}: expected out to have the shape ${showShape(shape)}, got ${showShape(result.shape)}`,
    );
  }
  operands.forEach(({ name, tensor: { data } }, index) => {
    if (!overlaps(result.data, data)) return;
    const same = result.data.byteOffset === data.byteOffset && result.data.length === data.length;
    if (index < aliases && same) return;
    throw new OptionError(`${who}: expected out to have memory of its own, got some that ${name} lies in`);
  });
  return result;
}
