import { unwatch, watch } from '../backend/abort.js';
import type { ModelCall } from '../model/calls.js';

/** How a request's caller hears of it. */
export interface Ends {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** A request that was accepted. A class: there are some ten thousand a second, and closures for each would be felt. */
export class Request {
  readonly call: ModelCall;
  /** Nobody else changes them. */
  readonly inputs: readonly Float32Array[];
  /** On the clock of `performance.now()`. */
  readonly arrived: number;
  readonly deadline: number;
  /** Answered, or given up by its caller. */
  settled = false;
  readonly #ends: Ends;
  #release: (() => void) | undefined;
  #signal: AbortSignal | undefined;
  #stop: (() => void) | undefined;

  constructor(
    call: ModelCall,
    inputs: readonly Float32Array[],
    arrived: number,
    deadline: number,
    ends: Ends,
    release: (() => void) | undefined,
  ) {
    this.call = call;
    this.inputs = inputs;
    this.arrived = arrived;
    this.deadline = deadline;
    this.#ends = ends;
    this.#release = release;
  }

  /** Its inputs are not read any more. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Rejects with the signal's reason at the moment of the abort, and calls `left` then. */
  watch(signal: AbortSignal, left: () => void): void {
    this.#signal = signal;
    this.#stop = () => {
      if (this.settled) return;
      this.reject(signal.reason);
      left();
    };
    watch(signal, this.#stop);
  }

  resolve(answer: unknown): void {
    if (this.#end()) this.#ends.resolve(answer);
  }

  reject(error: unknown): void {
    if (this.#end()) this.#ends.reject(error);
  }

  #end(): boolean {
    if (this.settled) return false;
    this.settled = true;
    if (this.#signal && this.#stop) unwatch(this.#signal, this.#stop);
    return true;
  }
}
