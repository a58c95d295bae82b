import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';
import { maxNodes } from './check.js';
import type { ReadContext } from './context.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './file.js';
import { nameGiver } from './name-giver.js';
import type { RawAttribute, RawFunction, RawGraph, RawNode } from './raw.js';
import { within } from './wire.js';

/** Functions that call functions, and branches in branches. */
const maxDepth = 64;
/** About what a node, and the name of a value or of an attribute, take in memory. */
const nodeBytes = 128;
const nameBytes = 32;

/** Where nodes stand: how their values are called outside, and what the attributes of a function are worth. */
interface Place {
  readonly prefix: string;
  rename(name: string): string;
  /** Undefined outside of functions. */
  readonly given: ReadonlyMap<string, RawAttribute> | undefined;
  readonly depth: number;
}

type Attributes = ReadonlyMap<string, RawAttribute>;

/**
 * The nodes and weights of a graph with those of its functions in the place of their calls, and the one branch that runs
 * in the place of each If whose condition is a constant of the file.
 */
export function expand(
  graph: RawGraph,
  functions: readonly RawFunction[],
  opset: number,
  context: ReadContext,
  fail: Fail,
): { readonly nodes: readonly OnnxNode[]; readonly initializers: ReadonlyMap<string, OnnxTensor> } {
  const known = new Map(functions.map((entry) => [keyOf(entry), entry]));
  const nodes: OnnxNode[] = [];
  const initializers = new Map(graph.initializers);
  /** Values that are constants of the file, as far as a condition can be one. */
  const conditions = new Map<string, boolean>();
  const fresh = nameGiver(graph, context);

  const note = (name: string, { type, data }: OnnxTensor): void => {
    if (type === 'bool' && data?.length === 1) conditions.set(name, data[0] !== 0);
  };
  for (const [name, tensor] of initializers) note(name, tensor);

  const push = (node: OnnxNode, who: Fail): void => {
    if (nodes.length >= maxNodes) who(`expected ${maxNodes} nodes at most, got more`);
    nodes.push(node);
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const value = node.attributes.get('value');
    if (node.op === 'Constant' && value?.kind === 'tensor') note(output, value.value);
    const same = node.op === 'Identity' ? conditions.get(input) : undefined;
    if (same !== undefined) conditions.set(output, same);
  };

  /** Results that nothing in a body computes are other values under a new name. */
  const pass = (from: string, to: string, who: Fail): void =>
    push({ op: 'Identity', name: '', inputs: [from], outputs: [to], attributes: new Map() }, who);

  const walk = (list: readonly RawNode[], place: Place, outer: Fail): void => {
    for (const [i, node] of list.entries()) {
      const who: Fail = (rule, cause) => outer(`node ${i} (${node.op} ${show(node.name)}): ${rule}`, cause);
      const attributes = resolved(node.attributes, place.given, who);
      if (place.depth > 0) {
        const names = node.inputs.length + node.outputs.length + node.attributes.size;
        context.take(nodeBytes + nameBytes * names, who);
      }
      const inputs = place.depth === 0 ? node.inputs : node.inputs.map(place.rename);
      const outputs = place.depth === 0 ? node.outputs : node.outputs.map(place.rename);
      const called = known.get(keyOf(node));
      const taken = called ? undefined : branchOf(node, attributes, conditions.get(inputs[0] ?? ''), who);
      if ((called || taken) && place.depth >= maxDepth) {
        who(`expected functions and branches ${maxDepth} deep at most, got more`);
      }
      const prefix = `${place.prefix}${node.name || node.op}/`;
      if (called) call(called, inputs, outputs, attributes, { ...place, prefix }, who);
      else if (taken) branch(taken, outputs, { ...place, prefix }, who);
      else if (place.depth === 0 && plain(node.attributes)) {
        push(node as OnnxNode, who);
      } else {
        const name = node.name === '' ? '' : place.prefix + node.name;
        push({ op: node.op, name, inputs, outputs, attributes: withoutGraphs(attributes) }, who);
      }
    }
  };

  /** The nodes of a function, which sees nothing but its inputs. */
  const call = (
    body: RawFunction,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes,
    place: Place,
    who: Fail,
  ): void => {
    if (body.opset !== undefined && body.opset !== opset) {
      who(`expected a function of opset ${opset} as the model, got ${body.opset}`);
    }
    if (inputs.length > body.inputs.length || outputs.length > body.outputs.length) {
      who(`expected at most ${body.inputs.length} inputs and ${body.outputs.length} outputs`);
    }
    context.take(nodeBytes + nameBytes * (body.inputs.length + body.defaults.size), who);
    const names = new Map(body.inputs.map((name, i) => [name, inputs[i] ?? '']));
    const later = bindOutputs(names, body.nodes, body.outputs, outputs);
    const rename = renaming(names, (name) => fresh(place.prefix + name, who));
    const given = new Map([...body.defaults, ...attributes]);
    walk(
      body.nodes,
      { prefix: place.prefix, rename, given, depth: place.depth + 1 },
      within(who, 'function'),
    );
    for (const [inner, outer] of later) pass(rename(inner), outer, who);
  };

  /** The nodes of a branch, which sees all values around it. */
  const branch = (body: RawGraph, outputs: readonly string[], place: Place, who: Fail): void => {
    if (body.inputs.length > 0 || body.outputs.length !== outputs.length) {
      who(`expected a branch without inputs and with ${outputs.length} outputs`);
    }
    context.take(nodeBytes + nameBytes * body.initializers.size, who);
    const names = new Map<string, string>();
    const results = body.outputs.map(({ name }) => name);
    const later = bindOutputs(names, body.nodes, results, outputs);
    const own = new Set([...body.initializers.keys(), ...body.nodes.flatMap((node) => node.outputs)]);
    const rename = renaming(names, (name) =>
      own.has(name) ? fresh(place.prefix + name, who) : place.rename(name),
    );
    for (const [name, tensor] of body.initializers) {
      initializers.set(rename(name), { ...tensor, name: rename(name) });
      note(rename(name), tensor);
    }
    walk(body.nodes, { ...place, rename, depth: place.depth + 1 }, within(who, 'branch'));
    for (const [inner, outer] of later) pass(rename(inner), outer, who);
  };

  walk(graph.nodes, { prefix: '', rename: (name) => name, given: undefined, depth: 0 }, fail);
  return { nodes, initializers };
}

function keyOf({ op, overload = '' }: { readonly op: string; readonly overload?: string }): string {
  return `${op}:${overload}`;
}

/** The name outside for each name inside; '' stays what it is. */
function renaming(names: Map<string, string>, make: (name: string) => string): (name: string) => string {
  return (name) => {
    if (name === '') return '';
    const found = names.get(name) ?? make(name);
    names.set(name, found);
    return found;
  };
}

/** Results that nodes compute get their names outside at once; the others, with these names, are returned. */
function bindOutputs(
  names: Map<string, string>,
  nodes: readonly RawNode[],
  results: readonly string[],
  outputs: readonly string[],
): readonly (readonly [inner: string, outer: string])[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  return outputs.flatMap((outer, i) => {
    const inner = results[i] as string;
    if (outer === '') return [];
    if (!made.has(inner) || names.has(inner)) return [[inner, outer] as const];
    names.set(inner, outer);
    return [];
  });
}

/** Attributes with the values of those of the function around; what neither a caller nor a default gives is left out. */
function resolved(attributes: Attributes, given: Attributes | undefined, fail: Fail): Attributes {
  const all = [...attributes];
  if (!all.some(([, { kind }]) => kind === 'reference')) return attributes;
  return new Map(
    all.flatMap(([name, attribute]) => {
      if (attribute.kind !== 'reference') return [[name, attribute] as const];
      if (!given) return fail('expected a value, got a reference to an attribute of a function');
      const value = given.get(attribute.value);
      return value ? [[name, value] as const] : [];
    }),
  );
}

/** The branch of an If that runs, where that is known. */
function branchOf(
  { op }: RawNode,
  attributes: Attributes,
  condition: boolean | undefined,
  fail: Fail,
): RawGraph | undefined {
  if (op !== 'If' || condition === undefined) return undefined;
  const name = condition ? 'then_branch' : 'else_branch';
  const found = attributes.get(name);
  if (found?.kind !== 'graph') return fail(`expected the attribute ${show(name)} to be a graph`);
  return found.value;
}

function plain(attributes: Attributes): attributes is ReadonlyMap<string, OnnxAttribute> {
  for (const { kind } of attributes.values()) if (kind === 'graph' || kind === 'reference') return false;
  return true;
}

/** Graphs that stand for nothing here are named only. */
function withoutGraphs(attributes: Attributes): ReadonlyMap<string, OnnxAttribute> {
  if (plain(attributes)) return attributes;
  return new Map(
    [...attributes].map(([name, attribute]): [string, OnnxAttribute] => [
      name,
      attribute.kind === 'graph' || attribute.kind === 'reference'
        ? { kind: 'other', value: attribute.kind }
        : attribute,
    ]),
  );
}
