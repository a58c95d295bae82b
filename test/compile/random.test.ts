import { expect, test } from 'vitest';
import { anyGraph } from '../support/any-graph.js';
import { relativeError } from '../support/bounds.js';
import { available, open } from '../support/engines.js';
import { compile, type Plan } from '../support/internals.js';
import { floats, random } from '../support/random.js';
import { unfused } from '../support/unfused.js';

const most = 3;

/** The first samples of what a port holds for `most` of them. */
function first(data: readonly Float32Array[], ports: Plan['inputs'], batch: number): Float32Array[] {
  return ports.map(({ size, perSample }, i) =>
    (data[i] as Float32Array).slice(0, perSample ? size * batch : size),
  );
}

test.for(Array.from({ length: 24 }, (_, block) => block))('any graphs, block %i', (block) => {
  for (let seed = block * 20; seed < block * 20 + 20; seed++) {
    const graph = anyGraph(seed);
    const plan = compile(graph);
    const next = random(seed);
    const data = plan.inputs.map(({ size, perSample }) => floats(next, perSample ? size * most : size));
    const wanted = unfused(graph, most, data);
    for (const engine of available) {
      const program = open(engine).load(plan);
      for (const batch of [most, 1]) {
        const right = first(wanted, plan.outputs, batch);
        const outputs = right.map(({ length }) => new Float32Array(length).fill(Number.NaN));
        program.runSync(batch, first(data, plan.inputs, batch), outputs);
        const errors = outputs.map((output, i) => relativeError(output, right[i] as Float32Array));
        const fits = errors.every((error) => error <= 2e-5);
        expect(fits, `seed ${seed}, ${engine.name}, ${batch} samples: ${errors}`).toBe(true);
      }
      program.dispose();
    }
  }
});
