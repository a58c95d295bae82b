import type { OnnxFile, OnnxNode } from '../formats/onnx/file.js';
import type { Value } from './value.js';

/** Names of the values that nodes and the graph's outputs read. */
export function readIn(file: OnnxFile): ReadonlySet<string> {
  const names = [...file.nodes.flatMap(({ inputs }) => inputs), ...file.outputs.map(({ name }) => name)];
  // '' is an input that is absent.
  return new Set(names.filter((name) => name !== ''));
}

/**
 * Finds the graph inputs from which a flowing value is computed. Those that are no float32 come first: they are the
 * ones that give shapes and indices.
 */
export function sourcesIn(
  file: OnnxFile,
  values: ReadonlyMap<string, Value>,
): (name: string) => readonly string[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of file.nodes) for (const output of node.outputs) makers.set(output, node);
  const flows = (name: string): boolean => values.get(name)?.kind === 'flowing';
  const graphInputs = new Set(file.inputs.map(({ name }) => name));
  return (name) => {
    const seen = new Set([name]);
    // A set is walked in the order in which it grows.
    for (const found of seen) {
      for (const input of makers.get(found)?.inputs ?? []) if (flows(input)) seen.add(input);
    }
    const sources = [...seen].filter((found) => graphInputs.has(found) && flows(found));
    const real = (found: string): number => (values.get(found)?.type === 'float32' ? 1 : 0);
    return sources.sort((a, b) => real(a) - real(b));
  };
}
