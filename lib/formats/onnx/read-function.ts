import type { Fail } from '../safetensors.js';
import { maxNodes } from './check.js';
import type { ReadContext } from './context.js';
import type { RawAttribute, RawFunction, RawNode } from './raw.js';
import { readAttribute } from './read-attribute.js';
import { readGraph } from './read-graph.js';
import { isOwnDomain, operatorName, readNode } from './read-node.js';
import { readOpset } from './read-opset.js';
import { type WireReader, within } from './wire.js';

/** About what a function and the name of a value take in memory. */
const functionBytes = 256;
const nameBytes = 32;

/** Reads a FunctionProto. */
export function readFunction(wire: WireReader, context: ReadContext, outer: Fail): RawFunction {
  context.take(functionBytes, outer);
  const fail = within(outer, 'function');
  let [name, domain, overload] = ['', '', ''];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const nodes: RawNode[] = [];
  const defaults = new Map<string, RawAttribute>();
  let opset: number | undefined;
  const value = (names: string[]): void => {
    context.take(nameBytes, fail);
    names.push(wire.text('the name of a value'));
  };
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) name = wire.text('a name');
    else if (field === 4) value(inputs);
    else if (field === 5) value(outputs);
    else if (field === 7) {
      if (nodes.length >= maxNodes) fail(`expected ${maxNodes} nodes at most, got more`);
      const who = within(fail, `node ${nodes.length}`);
      nodes.push(readNode(wire.message(who), context, who, readGraph));
    } else if (field === 9) {
      const found = readOpset(wire.message());
      if (isOwnDomain(found.domain)) opset = found.version;
    } else if (field === 10) domain = wire.text('a domain');
    else if (field === 11) defaults.set(...readAttribute(wire.message(fail), context, fail, readGraph));
    else if (field === 13) overload = wire.text('an overload');
    else wire.skip();
  }
  return { op: operatorName(domain, name, fail), overload, inputs, outputs, defaults, nodes, opset };
}
