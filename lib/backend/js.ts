import { BackendError } from '../errors.js';
import type { Plan } from '../graph/plan.js';
import type { Backend, Program, RunInput } from './backend.js';
import { forget, type Loaded, offload, offloadRefused } from './js-offload.js';
import { type Bound, bind, prepare, runSteps } from './js-run.js';

let programs = 0;
/** Programs that were collected without `dispose`, once no run needs them either. */
const collected = new FinalizationRegistry(forget);

/** The TypeScript engine. `reason` says why it was chosen. */
export function jsBackend(reason?: string): Backend {
  return Object.freeze({
    name: 'js' as const,
    isa: 'js',
    threads: 1,
    get reason() {
      return [reason, offloadRefused()].filter((part) => part !== undefined).join('; ') || undefined;
    },
    load,
  });
}

function load(plan: Plan): Program {
  const id = ++programs;
  let loaded: Loaded | undefined = { id, prepared: prepare(plan) };
  const size = { id, bytes: loaded.prepared.bytes };
  let bound: Bound | undefined;

  const alive = (): Loaded => {
    if (!loaded) throw new BackendError('js backend: the program was disposed');
    return loaded;
  };
  const runHere = (
    batch: number,
    inputs: readonly Float32Array[],
    outputs: readonly Float32Array[],
    beforeStep?: () => boolean,
  ): void => {
    const { prepared } = alive();
    try {
      if (bound?.batch !== batch) bound = bind(prepared, batch, bound);
      runSteps(bound, inputs, outputs, beforeStep);
    } catch (error) {
      throw memoryError(error, batch);
    }
  };
  const program: Program = Object.freeze({
    bytes: size.bytes,

    runSync: (batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]) =>
      runHere(batch, inputs, outputs),

    profile(batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]) {
      const begins: number[] = [];
      runHere(batch, inputs, outputs, () => begins.push(performance.now()) < 0);
      const end = performance.now();
      return begins.map((begin, i) => (begins[i + 1] ?? end) - begin);
    },

    async run(batch: number, inputs: readonly RunInput[], signal?: AbortSignal) {
      const current = alive();
      return offload(current, batch, inputs, signal).catch((error: unknown) => {
        throw error === signal?.reason ? error : memoryError(error, batch);
      });
    },

    dispose() {
      forget(size);
      loaded = undefined;
      bound = undefined;
    },
  });
  collected.register(loaded, size);
  return program;
}

/** A typed array that cannot be allocated is a RangeError in JavaScript. */
function memoryError(error: unknown, batch: number): unknown {
  if (!(error instanceof RangeError && /array/i.test(error.message))) return error;
  return new BackendError(`js backend: not enough memory for a batch of ${batch}: ${error.message}`, {
    code: 'ERR_OUT_OF_MEMORY',
    cause: error,
  });
}
