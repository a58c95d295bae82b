import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';
import { maxInitializers, maxNodes } from './check.js';
import type { ReadContext } from './context.js';
import type { OnnxPort, OnnxTensor } from './file.js';
import type { RawGraph, RawNode } from './raw.js';
import { readNode } from './read-node.js';
import { readPort } from './read-port.js';
import { readTensorMessage } from './read-tensor.js';
import { type WireReader, within } from './wire.js';

/** About what an entry of a list takes in memory. */
const entryBytes = 64;

/** Reads a GraphProto. */
export function readGraph(wire: WireReader, context: ReadContext, fail: Fail): RawGraph {
  let name = '';
  const nodes: RawNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxPort[] = [];
  const outputs: OnnxPort[] = [];
  for (let field = wire.next(); field !== 0; field = wire.next()) {
    if (field === 1) {
      if (nodes.length >= maxNodes) fail(`expected ${maxNodes} nodes at most, got more`);
      const who = within(fail, `node ${nodes.length}`);
      nodes.push(readNode(wire.message(who), context, who, readGraph));
    } else if (field === 2) name = wire.text('the name of the graph');
    else if (field === 5) {
      if (initializers.size >= maxInitializers) {
        fail(`expected ${maxInitializers} initializers at most, got more`);
      }
      context.take(entryBytes, fail);
      const tensor = readTensorMessage(
        wire.message(within(fail, 'initializer')),
        'initializer',
        context,
        fail,
      );
      if (tensor.name === '') fail(`expected initializer ${initializers.size} to have a name`);
      if (initializers.has(tensor.name)) fail(`initializer ${show(tensor.name)}: expected a name of its own`);
      initializers.set(tensor.name, tensor);
    } else if (field === 11) inputs.push(port(wire, 'input', inputs, context, fail));
    else if (field === 12) outputs.push(port(wire, 'output', outputs, context, fail));
    else if (field === 15) fail('expected no sparse_initializer: sparse weights cannot be read');
    else wire.skip();
  }
  return {
    name,
    nodes,
    initializers,
    // Before 2018 initializers had to be inputs too: defaults that nobody replaces.
    inputs: inputs.filter((input) => !initializers.has(input.name)),
    outputs,
  };
}

function port(
  wire: WireReader,
  what: string,
  before: readonly OnnxPort[],
  context: ReadContext,
  fail: Fail,
): OnnxPort {
  context.take(entryBytes, fail);
  const who = within(fail, `${what} ${before.length}`);
  return readPort(wire.message(who), who);
}
