/** The whole face of the native addon. Only dist/backend/native.js calls it, with arguments already checked. */
export interface Binding {
  /** The op, activation, binary and reduction lists as compiled in; a test compares them with the TypeScript ones. */
  describe(): {
    ops: Record<string, { ints: string[]; floats: string[] }>;
    activations: string[];
    binaries: string[];
    reductions: string[];
  };
  /** Instruction sets compiled in: `supported` says whether CPU and operating system can run it. Best first. */
  isas(): { name: string; supported: boolean }[];
  /** Peak of one thread in GFLOP/s, by a register-only loop of fused multiply-adds of about `milliseconds`. */
  peak(isa: string, milliseconds: number): number;
  /** Frees the memory of a buffer at once, which the garbage collector would do some time later. */
  detach(buffer: ArrayBuffer): void;
  /** `plan` is a Plan of dist/graph/plan.d.ts; to import that from here would make the compiler read what it writes. */
  Program: new (
    plan: object,
    isa: string,
    threads: number,
  ) => NativeProgram;
}

/** A loaded plan: weights packed, any batch size. Arrays are checked for their length only. */
export interface NativeProgram {
  /** Bytes of packed weights and constants. */
  readonly bytes: number;
  /** Computes on this thread (and the pool); outputs are written in place. */
  runSync(batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]): void;
  /** As `runSync`; answers the milliseconds of each step. */
  profile(batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]): Float64Array;
  /**
   * Copies the inputs, computes off the event loop, resolves with new arrays. An input is one array, or a list of those
   * whose numbers follow one another. `id` names the run for `cancel`.
   */
  run(
    batch: number,
    inputs: readonly (Float32Array | readonly Float32Array[])[],
    id: number,
  ): Promise<Float32Array[]>;
  /** A run whose last step has not begun rejects with an error of code `ERR_CANCELLED`, after its current step. */
  cancel(id: number): void;
  /**
   * Gives the memory of `weights`, which must hold that constant of the plan, back to the system: they read as 0 until
   * `unpack` writes them. False, and nothing has happened, where that cannot be done.
   */
  giveBack(constant: number, weights: Float32Array): boolean;
  /** Writes what that constant was to `weights`, bit for bit; only for one that could be given back. */
  unpack(constant: number, weights: Float32Array): void;
  /** Frees the native memory now; garbage collection does it otherwise. Runs in flight finish. */
  dispose(): void;
}
