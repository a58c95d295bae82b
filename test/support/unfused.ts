import { expect } from 'vitest';
import { relativeError } from './bounds.js';
import { backends, type Engine, open } from './engines.js';
import { compile, type Graph, graphBuilder, type Plan } from './internals.js';
import { floats, random } from './random.js';

/** A graph as it was written: every node is a plan of its own on the TypeScript engine, so no pass sees two of them. */
export function unfused(graph: Graph, batch: number, inputs: readonly Float32Array[]): Float32Array[] {
  const js = open(backends[0] as Engine);
  const data = new Map<number, Float32Array>(graph.inputs.map((id, i) => [id, inputs[i] as Float32Array]));
  graph.values.forEach((value, id) => {
    if (value.data) data.set(id, value.data);
  });
  for (const node of graph.nodes) {
    const alone = graphBuilder();
    const ids = new Map(
      [...new Set(node.inputs)].map((id) => {
        const { name, shape, perSample } = graph.values[id] as Graph['values'][number];
        return [id, alone.input(name, shape, perSample)];
      }),
    );
    const read = node.inputs.map((id) => ids.get(id) as number);
    const plan = compile(alone.finish(alone.node(node.op, node.name, node.attributes, read, node.repeat)));
    const outputs = memoryOf(plan, batch);
    js.load(plan).runSync(
      batch,
      [...ids.keys()].map((id) => data.get(id) as Float32Array),
      outputs,
    );
    node.outputs.forEach((id, i) => {
      data.set(id, outputs[i] as Float32Array);
    });
  }
  return graph.outputs.map((id) => data.get(id) as Float32Array);
}

function memoryOf({ outputs }: Plan, batch: number): Float32Array<ArrayBuffer>[] {
  return outputs.map(({ size, perSample }) => new Float32Array(perSample ? size * batch : size));
}

/** The compiled graph against itself unfused, on both engines; returns the plan. */
export function expectAsUnfused(graph: Graph, batch = 2, bound = 1e-5): Plan {
  const plan = compile(graph);
  const next = random(graph.nodes.length);
  const inputs = plan.inputs.map(({ size, perSample }) => floats(next, perSample ? size * batch : size));
  const wanted = unfused(graph, batch, inputs);
  for (const engine of backends) {
    if (engine.missing !== undefined) continue;
    const outputs = memoryOf(plan, batch);
    open(engine).load(plan).runSync(batch, inputs, outputs);
    const errors = outputs.map((output, i) => relativeError(output, wanted[i] as Float32Array));
    expect(Math.max(...errors), `${engine.name}: ${errors}`).toBeLessThanOrEqual(bound);
  }
  return plan;
}
