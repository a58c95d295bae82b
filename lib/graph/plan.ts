import type { KernelId } from '../ops/index.js';
import type { Geometry } from '../ops/op.js';
import type { Scaled } from './scaled.js';

/**
 * Where a step reads or writes.
 * `input`, `output` and `constant` are numbered memories; `sample` and `shared` are the two arenas.
 * All counts are of floats: per sample where `perSample`, else in all. A shared value starts at `offset + start`; sample
 * s of a batch of n starts at `n * offset + s * stride + start` in the sample arena, and without the first summand in an
 * input or output. `stride` is more than `size` where the value lies in a part of a bigger one (compile/slices.ts). It
 * may then have a `pitch`: its rows are so many floats apart, and only ops that say so (`Op.pitched`) meet one. Without
 * a pitch (0) each item of a step lies together.
 */
export interface Ref {
  readonly space: 'input' | 'output' | 'constant' | 'sample' | 'shared';
  readonly index: number;
  readonly offset: number;
  readonly start: number;
  readonly size: number;
  readonly stride: number;
  readonly pitch: number;
  readonly perSample: boolean;
}

export interface Step {
  readonly op: KernelId;
  readonly name: string;
  readonly geometry: Geometry;
  /** Items per sample that the kernel works on: each is 1 / `repeat` of a sample's floats. */
  readonly repeat: number;
  /** So many steps from this one on may run at the same time, some rows after the other (compile/strips.ts). */
  readonly together: number;
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
  readonly constants: readonly (Float32Array | Scaled)[];
  /** Floats of the sample arena per sample, and of the shared arena. */
  readonly sampleArena: number;
  readonly sharedArena: number;
}
