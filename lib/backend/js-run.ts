import type { Plan, Ref } from '../graph/plan.js';
import { type KernelId, ops } from '../ops/index.js';
import type { Geometry, KernelArgs, Op } from '../ops/op.js';

/** A step of the TypeScript engine: plain data that can be sent to a worker. */
interface JsStep {
  readonly op: KernelId;
  readonly geometry: Geometry;
  readonly repeat: number;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  /** Weights packed at load, or the index of an input that is packed in each run, or nothing to pack. */
  readonly packed: Float32Array | number | undefined;
}

/** A plan made ready for the TypeScript engine. */
export interface Prepared {
  readonly steps: readonly JsStep[];
  /** Empty where only the packed form is read. */
  readonly constants: readonly Float32Array[];
  readonly sampleArena: number;
  readonly sharedArena: number;
  /** All of the above in shared memory. */
  readonly bytes: number;
  /** Of each output: floats per sample, or in all. */
  readonly outputs: readonly { readonly size: number; readonly perSample: boolean }[];
}

const nothing = new Float32Array(0);

/** Packs the constants, once; they go into shared memory, so that main thread and worker read the same copy. */
export function prepare(plan: Plan): Prepared {
  const raw = new Set<number>();
  const steps = plan.steps.map(({ op, geometry, repeat, inputs, outputs }): JsStep => {
    const { packs, pack } = ops[op];
    const weights = pack && packs !== undefined ? inputs[packs] : undefined;
    for (const ref of inputs) if (ref.space === 'constant' && ref !== weights) raw.add(ref.index);
    const constant = weights?.space === 'constant' ? plan.constants[weights.index] : undefined;
    const packed = pack && constant ? shared(pack(geometry, constant)) : weights && packs;
    return { op, geometry, repeat, inputs, outputs, packed };
  });
  const constants = plan.constants.map((data, index) => (raw.has(index) ? shared(data) : nothing));
  const { sampleArena, sharedArena, outputs } = plan;
  const arrays = [
    ...constants,
    ...steps.map(({ packed }) => (typeof packed === 'object' ? packed : nothing)),
  ];
  return {
    steps,
    constants,
    sampleArena,
    sharedArena,
    bytes: arrays.reduce((sum, { byteLength }) => sum + byteLength, 0),
    outputs: outputs.map(({ size, perSample }) => ({ size, perSample })),
  };
}

function shared(data: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

export function newOutputs({ outputs }: Prepared, batch: number): Float32Array<ArrayBuffer>[] {
  return outputs.map(({ size, perSample }) => new Float32Array(perSample ? size * batch : size));
}

/** Memory for the values between the steps. */
interface Arenas {
  readonly sample: Float32Array;
  readonly shared: Float32Array;
}

function arenas(prepared: Prepared, batch: number, old: Arenas | undefined): Arenas {
  const sampleSize = prepared.sampleArena * batch;
  if (old && old.sample.length >= sampleSize) return old;
  return {
    sample: new Float32Array(sampleSize),
    shared: old?.shared ?? new Float32Array(prepared.sharedArena),
  };
}

/** A prepared plan with memory and kernel arguments for one batch size. One run at a time may use it. */
export interface Bound {
  readonly batch: number;
  readonly arenas: Arenas;
  readonly steps: readonly BoundStep[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
}

interface BoundStep {
  readonly op: Op;
  readonly args: KernelArgs & { packed: Float32Array };
  /** Index of the input that is packed in each run, or -1. */
  readonly repack: number;
}

/** A place in a step's argument list that the caller's memory number `index` fills. */
interface Slot {
  readonly list: Float32Array[];
  readonly at: number;
  readonly index: number;
}

/** `old` lends its memory where that is big enough. */
export function bind(prepared: Prepared, batch: number, old?: Bound): Bound {
  const memory = arenas(prepared, batch, old?.arenas);
  const slots = { input: [] as Slot[], output: [] as Slot[] };

  const lists = (refs: readonly Ref[]): Float32Array[] => {
    const list: Float32Array[] = [];
    for (const { space, index, offset, size } of refs) {
      if (space === 'constant') list.push(prepared.constants[index] as Float32Array);
      else if (space === 'sample') list.push(memory.sample.subarray(offset * batch, (offset + size) * batch));
      else if (space === 'shared') list.push(memory.shared.subarray(offset, offset + size));
      else slots[space].push({ list, at: list.push(nothing) - 1, index });
    }
    return list;
  };

  const steps = prepared.steps.map(({ op, geometry, repeat, inputs, outputs, packed }): BoundStep => {
    const args = {
      geometry,
      batch: [...inputs, ...outputs].some((ref) => ref.perSample) ? batch * repeat : 1,
      inputs: lists(inputs),
      outputs: lists(outputs),
      inputStrides: inputs.map((ref) => (ref.perSample ? ref.size / repeat : 0)),
      packed: typeof packed === 'object' ? packed : nothing,
    };
    return { op: ops[op], args, repack: typeof packed === 'number' ? packed : -1 };
  });
  return { batch, arenas: memory, steps, inputs: slots.input, outputs: slots.output };
}

/** Lets the steps read and write the caller's memory; without arguments the memory is let go. */
export function attach(
  bound: Bound,
  inputs: readonly Float32Array[] = [],
  outputs: readonly Float32Array[] = [],
): void {
  for (const { list, at, index } of bound.inputs) list[at] = inputs[index] ?? nothing;
  for (const { list, at, index } of bound.outputs) list[at] = outputs[index] ?? nothing;
}

export function runStep({ op, args, repack }: BoundStep): void {
  if (repack < 0 || !op.pack) op.run(args);
  else if (args.inputStrides[repack] === 0) {
    args.packed = op.pack(args.geometry, args.inputs[repack] as Float32Array);
    op.run(args);
  } else runEach(op, args, repack);
}

/** A product of two sample values: every sample brings weights of its own. */
function runEach(op: Op, args: KernelArgs, weights: number): void {
  const { geometry, batch, inputStrides } = args;
  for (let s = 0; s < batch; s++) {
    const inputs = args.inputs.map((data, i) => {
      const stride = inputStrides[i] as number;
      return stride === 0 ? data : data.subarray(s * stride, (s + 1) * stride);
    });
    const outputs = args.outputs.map((data) => {
      const size = data.length / batch;
      return data.subarray(s * size, (s + 1) * size);
    });
    const packed = op.pack?.(geometry, inputs[weights] as Float32Array) ?? nothing;
    op.run({ ...args, batch: 1, inputs, outputs, packed });
  }
}

/** All steps, one after the other, until `cancelled` says otherwise. */
export function runSteps(
  bound: Bound,
  inputs: readonly Float32Array[],
  outputs: readonly Float32Array[],
  cancelled?: () => boolean,
): void {
  attach(bound, inputs, outputs);
  try {
    for (const step of bound.steps) {
      if (cancelled?.()) return;
      runStep(step);
    }
  } finally {
    attach(bound);
  }
}
