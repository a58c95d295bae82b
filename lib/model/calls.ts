import type { RunInput } from '../backend/backend.js';
import { maxElements } from '../tensor.js';

/** Checks what `model.predict` would be called with, and throws what it would reject with. */
export type CallReader = (x: unknown) => ModelCall;

/** A call that is not computed yet. */
export interface ModelCall {
  /** The same object for all calls that one run can compute. */
  readonly kind: CallKind;
  readonly batch: number;
  /** As the program takes them, still in the caller's memory. */
  readonly inputs: readonly Float32Array[];
  /** The answer of `predict`, of what the program made of these inputs; the arrays become its own. */
  answer(results: readonly Float32Array[]): unknown;
}

/** What calls of one kind have in common. */
export interface CallKind {
  /** Whether one run can compute several calls: batches that follow one another are a batch. */
  readonly joins: boolean;
  /** Samples that a run may have. */
  readonly maxBatch: number;
  /** Of each output, the floats of one sample. */
  readonly outputs: readonly number[];
  run(batch: number, inputs: readonly RunInput[], signal: AbortSignal | undefined): Promise<Float32Array[]>;
}

/** Samples that a run may have for all that goes in and comes out of it to be countable. */
export function countable(sizes: readonly number[]): number {
  return Math.floor(maxElements / Math.max(1, ...sizes));
}
