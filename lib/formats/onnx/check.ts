import { show } from '../../errors.js';
import type { Fail } from '../safetensors.js';
import type { OnnxFile } from './file.js';

/** The newest set of operators this reader knows the rules of. */
export const newestOpset = 28;
export const maxNodes = 100_000;
export const maxInitializers = 100_000;

/**
 * The rules a graph keeps whatever container it came in: names are unique, every value is made before it is read and only
 * once, and every output is made.
 */
export function checkGraph(file: OnnxFile, fail: Fail): void {
  const { opset, nodes, initializers, inputs, outputs } = file;
  if (!Number.isInteger(opset) || opset < 1) fail(`expected an opset of 1 or more, got ${opset}`);
  if (opset > newestOpset) fail(`expected an opset of at most ${newestOpset}, got ${opset}`);
  if (nodes.length > maxNodes) fail(`expected ${maxNodes} nodes at most, got ${nodes.length}`);
  if (initializers.size > maxInitializers) {
    fail(`expected ${maxInitializers} initializers at most, got ${initializers.size}`);
  }
  const made = new Set(initializers.keys());
  for (const { name } of inputs) {
    if (made.has(name)) fail(`input ${show(name)}: expected a name of its own`);
    made.add(name);
  }
  const names = new Set<string>();
  for (const [i, node] of nodes.entries()) {
    const who = `node ${i} (${node.op} ${show(node.name)})`;
    if (names.has(node.name)) fail(`${who}: expected a name of its own`);
    names.add(node.name);
    for (const input of node.inputs) {
      if (input !== '' && !made.has(input)) {
        fail(
          `${who}: expected input ${show(input)} to be an initializer, an input of the graph or an output of a node before`,
        );
      }
    }
    for (const output of node.outputs) {
      if (output === '') continue;
      if (made.has(output)) fail(`${who}: expected output ${show(output)} to be made once`);
      made.add(output);
    }
  }
  if (outputs.length === 0) fail('expected one output or more, got none');
  const results = new Set<string>();
  for (const { name } of outputs) {
    if (!made.has(name)) fail(`output ${show(name)}: expected a value that a node makes`);
    if (results.has(name)) fail(`output ${show(name)}: expected a name of its own`);
    results.add(name);
  }
}
