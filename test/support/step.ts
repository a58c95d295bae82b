import { fenced, guarded } from './fences.js';
import type { Plan, Program, Ref } from './internals.js';

/** How a step's input reaches it. */
export type Kind = 'sample' | 'shared' | 'constant';

export interface Port {
  readonly size: number;
  readonly kind: Kind;
}

/** One step as data: what a kernel is asked to do. */
export interface StepSpec {
  readonly op: string;
  readonly geometry: Readonly<Record<string, number>>;
  readonly inputs: readonly Port[];
  /** Floats of each output; of all of it where the op's outputs are shared. */
  readonly outputs: readonly number[];
  readonly sharedOutputs?: boolean;
}

function whole(space: Ref['space'], index: number, size: number, perSample: boolean): Ref {
  return { space, index, offset: 0, start: 0, size, stride: size, pitch: 0, perSample };
}

/** A plan of this one step; constants are given here, the other inputs at each run. */
export function stepPlan(spec: StepSpec, data: readonly Float32Array[]): Plan {
  const constants: Float32Array[] = [];
  const inputs: { name: string; shape: number[]; perSample: boolean; size: number }[] = [];
  const refs = spec.inputs.map(({ size, kind }, i): Ref => {
    const perSample = kind === 'sample';
    if (kind === 'constant') {
      const index = constants.push(fenced(data[i] as Float32Array)) - 1;
      return whole('constant', index, size, perSample);
    }
    const index = inputs.push({ name: `input ${i}`, shape: [size], perSample, size }) - 1;
    return whole('input', index, size, perSample);
  });
  const perSample = !spec.sharedOutputs;
  const step = {
    op: spec.op,
    name: spec.op,
    geometry: spec.geometry,
    repeat: 1,
    together: 1,
    inputs: refs,
    outputs: spec.outputs.map((size, index) => whole('output', index, size, perSample)),
  };
  const outputs = spec.outputs.map((size, i) => ({ name: `output ${i}`, shape: [size], perSample, size }));
  return { steps: [step], inputs, outputs, constants, sampleArena: 0, sharedArena: 0 } as unknown as Plan;
}

/** Runs it between fences; `data[i]` holds every sample of a sample input. */
export function runStep(
  program: Program,
  spec: StepSpec,
  batch: number,
  data: readonly Float32Array[],
): Float32Array[] {
  const given = data.filter((_, i) => spec.inputs[i]?.kind !== 'constant').map(fenced);
  const outputs = spec.outputs.map((size) => guarded(size * (spec.sharedOutputs ? 1 : batch)));
  program.runSync(
    batch,
    given,
    outputs.map(({ view }) => view),
  );
  for (const output of outputs) output.check();
  return outputs.map(({ view }) => view);
}
