import type { Plan } from '../graph/plan.js';

/** An input of a run: one array, or several whose numbers follow one another. */
export type RunInput = Float32Array | readonly Float32Array[];

/** A loaded plan with packed weights; runs any batch size, several runs at a time. */
export interface Program {
  /** Of packed weights and constants. */
  readonly bytes: number;
  /** Computes on this thread; `outputs` are written in place. Sizes are checked by the caller. */
  runSync(batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]): void;
  /** As `runSync`; gives the milliseconds of each step of the plan. */
  profile(
    batch: number,
    inputs: readonly Float32Array[],
    outputs: readonly Float32Array[],
  ): ArrayLike<number>;
  /** Copies the inputs before it returns, computes off the event loop; rejects with `signal.reason` on abort. */
  run(batch: number, inputs: readonly RunInput[], signal?: AbortSignal): Promise<Float32Array[]>;
  /**
   * Where packing that constant of the plan can be undone: gives the memory of `weights`, its numbers, back to the system.
   * They read as 0 until `unpack` writes them. False where they stay.
   */
  giveBack?(constant: number, weights: Float32Array): boolean;
  /** Writes the numbers of a constant that `giveBack` has taken. */
  unpack?(constant: number, weights: Float32Array): void;
  /** Frees the memory early; garbage collection does it otherwise. */
  dispose(): void;
}

export interface BackendInfo {
  readonly name: 'native' | 'js';
  /** `scalar`, `neon`, `avx2` or `avx512`; `js` for the TypeScript engine. */
  readonly isa: string;
  readonly threads: number;
  /** Why the engine is not the native one, or what limits it. */
  readonly reason?: string | undefined;
}

/** An interpreter of plans. */
export interface Backend extends BackendInfo {
  load(plan: Plan): Program;
}

/** What a model or the environment asks for. */
export interface BackendOptions {
  readonly backend?: 'native' | 'js';
  readonly isa?: string;
  readonly threads?: number;
}
