import type { BackendInfo, Program, RunInput } from '../backend/backend.js';
import { backendInfo, selectBackend } from '../backend/select.js';
import { compile } from '../compile/compile.js';
import { BackendError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Plan, Step } from '../graph/plan.js';
import { stepMultiplyAdds } from './cost.js';
import type { ModelSettings } from './options.js';
import { bringBack, bringBackFrom, sendAway } from './residence.js';

/** What a profile says about a step whatever its time: its work and the floats it touches, for one sample. */
export interface StepFacts {
  readonly name: string;
  readonly op: string;
  readonly macs: number;
  readonly bytes: number;
}

/** A program and how many runs are in it; one that was replaced is freed by the last of them. */
interface Loaded {
  readonly program: Program;
  readonly steps: readonly StepFacts[];
  readonly outputs: Plan['outputs'];
  /** Weights that only the program holds. */
  readonly absent: readonly Float32Array[];
  running: number;
  retired: boolean;
}

/** Keeps the program of a model, from the first run to the next change of the weights. */
export interface Engine {
  readonly info: BackendInfo;
  /** The program for runs on this thread, which cannot overlap a change. */
  program(): Program;
  run(batch: number, inputs: readonly RunInput[], signal: AbortSignal | undefined): Promise<Float32Array[]>;
  /** Computes on this thread: the steps and the milliseconds that each of them took. */
  profile(
    batch: number,
    inputs: readonly Float32Array[],
  ): { readonly steps: readonly StepFacts[]; readonly times: ArrayLike<number> };
  /** The weights have changed. Runs in flight finish with the old ones. */
  retire(): void;
  /** For good: every later use is an error. */
  dispose(): void;
}

/** `graph` gives the graph with the present weights as its constants. */
export function engine(
  { backend: options, algorithms }: Pick<ModelSettings, 'backend' | 'algorithms'>,
  graph: () => Graph,
): Engine {
  let loaded: Loaded | undefined;
  let disposed = false;

  const current = (): Loaded => {
    if (loaded) return loaded;
    if (disposed) throw new BackendError('model: it was disposed');
    const whole = graph();
    for (const { data } of whole.values) if (data) bringBack(data);
    const plan = compile(whole, algorithms);
    const program = selectBackend(options).load(plan);
    loaded = {
      program,
      steps: plan.steps.map(factsOf),
      outputs: plan.outputs,
      absent: algorithms.lowMemory ? sendAway(program, plan.constants) : [],
      running: 0,
      retired: false,
    };
    return loaded;
  };
  const free = (old: Loaded): void => {
    if (old.retired && old.running === 0) old.program.dispose();
  };
  const retire = (): void => {
    if (!loaded) return;
    bringBackFrom(loaded.program, loaded.absent);
    loaded.retired = true;
    free(loaded);
    loaded = undefined;
  };

  return Object.freeze({
    get info() {
      return backendInfo(options);
    },
    program: () => (loaded ?? current()).program,
    async run(batch: number, inputs: readonly RunInput[], signal: AbortSignal | undefined) {
      const used = current();
      used.running++;
      try {
        return await used.program.run(batch, inputs, signal);
      } finally {
        used.running--;
        free(used);
      }
    },
    profile(batch: number, inputs: readonly Float32Array[]) {
      const { program, steps, outputs } = current();
      const results = outputs.map(({ size, perSample }) => new Float32Array(perSample ? size * batch : size));
      return { steps, times: program.profile(batch, inputs, results) };
    },
    retire,
    dispose() {
      disposed = true;
      retire();
    },
  });
}

function factsOf({ name, op, geometry, repeat, inputs, outputs }: Step): StepFacts {
  const floats = [...inputs, ...outputs].reduce((sum, { size }) => sum + size, 0);
  return Object.freeze({ name, op, macs: repeat * stepMultiplyAdds(op, geometry), bytes: 4 * floats });
}
