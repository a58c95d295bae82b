import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';
import type { ReadContext } from './context.js';
import type { RawAttribute, RawNode } from './raw.js';
import { type GraphReader, readAttribute } from './read-attribute.js';
import type { WireReader } from './wire.js';

const maxAttributes = 256;
/** Operators are named in errors. */
const maxOpLength = 200;
/** About what a node and the name of a value take in memory. */
const nodeBytes = 64;
const nameBytes = 32;

/** Shared by all nodes without: a map of its own would be the largest part of these. */
const noAttributes: ReadonlyMap<string, RawAttribute> = new Map();

/** Reads a NodeProto; `readGraph` the graphs in its attributes. */
export function readNode(
  wire: WireReader,
  context: ReadContext,
  fail: Fail,
  readGraph: GraphReader,
): RawNode {
  context.take(nodeBytes, fail);
  const inputs: string[] = [];
  const outputs: string[] = [];
  let attributes: Map<string, RawAttribute> | undefined;
  let [name, type, domain, overload] = ['', '', '', ''];
  const value = (names: string[]): void => {
    context.take(nameBytes, fail);
    names.push(wire.text('the name of a value'));
  };
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) value(inputs);
    else if (field === 2) value(outputs);
    else if (field === 3) name = wire.text('a name');
    else if (field === 4) type = wire.text('the name of an operator');
    else if (field === 5) {
      const [key, attribute] = readAttribute(wire.message(fail), context, fail, readGraph);
      attributes ??= new Map();
      if (attributes.has(key)) fail(`expected every attribute once, got ${show(key)} twice`);
      attributes.set(key, attribute);
      if (attributes.size > maxAttributes) fail(`expected ${maxAttributes} attributes at most, got more`);
    } else if (field === 7) domain = wire.text('a domain');
    else if (field === 8) overload = wire.text('an overload');
    else wire.skip();
  }
  const op = operatorName(domain, type, fail);
  const node = { op, name, inputs, outputs, attributes: attributes ?? noAttributes };
  return overload === '' ? node : { ...node, overload };
}

/** `Conv`; of another domain than ONNX's own: `com.microsoft.FusedConv`. */
export function operatorName(domain: string, type: string, fail: Fail): string {
  if (type === '') fail('expected the name of an operator, got none');
  const op = isOwnDomain(domain) ? type : `${domain}.${type}`;
  if (op.length > maxOpLength) fail(`expected an operator's name of at most ${maxOpLength} characters`);
  return op;
}

/** ONNX's own operators have no domain, or this one. */
export function isOwnDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}
