import { expect, test } from 'vitest';
import { anyNetwork } from '../support/any-network.js';
import { expectSameBits, relativeError } from '../support/bounds.js';
import { available, open } from '../support/engines.js';
import { compile, type Graph, type Plan } from '../support/internals.js';
import { floats, random } from '../support/random.js';
import { unfused } from '../support/unfused.js';

/** The first samples of what a port holds. */
function first(data: readonly Float32Array[], ports: Plan['inputs'], batch: number): Float32Array[] {
  return ports.map(({ size }, i) => (data[i] as Float32Array).slice(0, size * batch));
}

/** On every engine within a bound of the network as written; on the native ones with the same bits however it is run. */
function check(graph: Graph, plan: Plan, most: number, who: string): void {
  const next = random(graph.nodes.length);
  const data = plan.inputs.map(({ size }) => floats(next, size * most));
  const wanted = unfused(graph, most, data);
  for (const engine of available) {
    const found: (readonly Float32Array[])[] = [];
    for (const threads of engine.name === 'js' ? [1] : [1, 2, 3]) {
      const program = open(engine, threads).load(plan);
      for (const batch of [most, 1]) {
        const outputs = plan.outputs.map(({ size }) => new Float32Array(size * batch).fill(Number.NaN));
        program.runSync(batch, first(data, plan.inputs, batch), outputs);
        const right = first(wanted, plan.outputs, batch);
        const errors = outputs.map((output, i) => relativeError(output, right[i] as Float32Array));
        const fits = errors.every((error) => error <= 2e-5);
        expect(fits, `${who}, ${engine.name}, ${threads} threads, ${batch} samples: ${errors}`).toBe(true);
        found.push(first(outputs, plan.outputs, 1));
      }
      program.dispose();
    }
    for (const one of engine.name === 'js' ? [] : found) {
      one.forEach((output, i) => {
        expectSameBits(output, found[0]?.[i] as Float32Array);
      });
    }
  }
}

const seeds = (count: number, blocks: number): readonly number[][] =>
  Array.from({ length: blocks }, (_, block) => Array.from({ length: count }, (_, i) => block * count + i));

test.for(seeds(8, 6))('networks with windows of 3x3, seeds %i ...', (block) => {
  let transformed = 0;
  for (const seed of block) {
    const graph = anyNetwork(seed, false);
    const plan = compile(graph);
    transformed += plan.steps.filter(({ geometry }) => geometry.winograd).length;
    check(graph, plan, 7, `seed ${seed}`);
  }
  expect(transformed).toBeGreaterThan(block.length);
});

test.for(seeds(3, 5))('networks of large values, seeds %i ...', (block) => {
  let together = 0;
  for (const seed of block) {
    const graph = anyNetwork(seed, true, 8);
    const plan = compile(graph);
    together += plan.steps.filter((step) => step.together > 1).length;
    check(graph, plan, 4, `seed ${seed}`);
  }
  expect(together).toBeGreaterThan(0);
});
