import type { KernelId } from '../ops/index.js';
import type { Geometry } from '../ops/op.js';

/**
 * Where a step reads or writes.
 * `input`, `output` and `constant` are numbered memories; `sample` and `shared` are the two arenas.
 * `size` and `offset` count floats: per sample where `perSample` (sample s of a batch of n then starts at
 * `n * offset + s * size` in the sample arena, and at `s * size` in an input or output), else in all.
 */
export interface Ref {
  readonly space: 'input' | 'output' | 'constant' | 'sample' | 'shared';
  readonly index: number;
  readonly offset: number;
  readonly size: number;
  readonly perSample: boolean;
}

export interface Step {
  readonly op: KernelId;
  readonly name: string;
  readonly geometry: Geometry;
  /** Items per sample that the kernel works on: each is 1 / `repeat` of a sample's floats. */
  readonly repeat: number;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
}

/** A value that crosses the border of a plan. */
export interface Port {
  readonly name: string;
  /** Without the batch where `perSample`. */
  readonly shape: readonly number[];
  readonly perSample: boolean;
  readonly size: number;
}

/** The finished graph as plain data: both backends interpret it, neither decides anything. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly constants: readonly Float32Array[];
  /** Floats of the sample arena per sample, and of the shared arena. */
  readonly sampleArena: number;
  readonly sharedArena: number;
}
