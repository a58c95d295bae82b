import type { Plan, Ref } from '../graph/plan.js';
import { multiplied, type Scaled } from '../graph/scaled.js';
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
    const packed = pack && constant ? packedOf(pack, geometry, constant) : weights && packs;
    return { op, geometry, repeat, inputs, outputs, packed };
  });
  const constants = plan.constants.map((data, index) => (raw.has(index) ? shared(numbersOf(data)) : nothing));
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

function packedOf(
  pack: NonNullable<Op['pack']>,
  geometry: Geometry,
  constant: Float32Array | Scaled,
): Float32Array {
  const weights = numbersOf(constant);
  const packed = pack(geometry, weights, sharedFloats);
  return packed === weights ? shared(weights) : packed;
}

function numbersOf(constant: Float32Array | Scaled): Float32Array {
  return constant instanceof Float32Array ? constant : multiplied(constant);
}

function shared(data: Float32Array): Float32Array {
  const copy = sharedFloats(data.length);
  copy.set(data);
  return copy;
}

function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
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
  /** Items are taken one by one: each has weights of its own, or they do not lie one after the other. */
  readonly each: boolean;
  /** How the items of the outputs lie. */
  readonly outputs: readonly Items[];
}

/** Floats of an item, from one item to the next (0: there is one), and from row to row. */
interface Items {
  readonly size: number;
  readonly stride: number;
  readonly pitch: number;
}

function itemsOf({ size, stride, pitch, perSample }: Ref, repeat: number): Items {
  return perSample ? { size: size / repeat, stride: stride / repeat, pitch } : { size, stride: 0, pitch };
}

function areApart({ size, stride, pitch }: Items): boolean {
  return stride > 0 && stride !== size && pitch === 0;
}

/** A place in a step's argument list that the caller's memory number `index` fills, from float `start` on. */
interface Slot {
  readonly list: Float32Array[];
  readonly at: number;
  readonly index: number;
  readonly start: number;
}

/** `old` lends its memory where that is big enough. */
export function bind(prepared: Prepared, batch: number, old?: Bound): Bound {
  const memory = arenas(prepared, batch, old?.arenas);
  const slots = { input: [] as Slot[], output: [] as Slot[] };

  const lists = (refs: readonly Ref[]): Float32Array[] => {
    const list: Float32Array[] = [];
    for (const { space, index, offset, start, size, stride } of refs) {
      if (space === 'constant') list.push(prepared.constants[index] as Float32Array);
      else if (space === 'sample') {
        list.push(memory.sample.subarray(offset * batch + start, (offset + stride) * batch));
      } else if (space === 'shared') {
        list.push(memory.shared.subarray(offset + start, offset + start + size));
      } else slots[space].push({ list, at: list.push(nothing) - 1, index, start });
    }
    return list;
  };

  const steps = prepared.steps.map(({ op, geometry, repeat, inputs, outputs, packed }): BoundStep => {
    const from = inputs.map((ref) => itemsOf(ref, repeat));
    const to = outputs.map((ref) => itemsOf(ref, repeat));
    const args = {
      geometry,
      batch: [...from, ...to].some(({ stride }) => stride > 0) ? batch * repeat : 1,
      inputs: lists(inputs),
      outputs: lists(outputs),
      inputSizes: from.map(({ size }) => size),
      inputStrides: from.map(({ stride }) => stride),
      inputPitches: from.map(({ pitch }) => pitch),
      outputStride: to[0]?.stride ?? 0,
      outputPitch: to[0]?.pitch ?? 0,
      packed: typeof packed === 'object' ? packed : nothing,
    };
    const repack = typeof packed === 'number' ? packed : -1;
    const each = (from[repack]?.stride ?? 0) > 0 || [...from, ...to].some(areApart);
    return { op: ops[op], args, repack, each, outputs: to };
  });
  return { batch, arenas: memory, steps, inputs: slots.input, outputs: slots.output };
}

/** Lets the steps read and write the caller's memory; without arguments the memory is let go. */
export function attach(
  bound: Bound,
  inputs: readonly Float32Array[] = [],
  outputs: readonly Float32Array[] = [],
): void {
  for (const { list, at, index, start } of bound.inputs) list[at] = from(inputs[index], start);
  for (const { list, at, index, start } of bound.outputs) list[at] = from(outputs[index], start);
}

function from(data: Float32Array = nothing, start: number): Float32Array {
  return start > 0 ? data.subarray(start) : data;
}

export function runStep(step: BoundStep): void {
  const { op, args, repack, each } = step;
  if (each) {
    runEach(step);
    return;
  }
  if (repack >= 0 && op.pack) args.packed = op.pack(args.geometry, args.inputs[repack] as Float32Array);
  op.run(args);
}

function runEach({ op, args, repack, outputs: to }: BoundStep): void {
  const { geometry, batch, inputSizes, inputStrides, inputPitches } = args;
  for (let s = 0; s < batch; s++) {
    const inputs = args.inputs.map((data, i) => {
      const [size = 0, stride = 0, pitch] = [inputSizes[i], inputStrides[i], inputPitches[i]];
      return item(data, s, { size, stride, pitch: pitch ?? 0 });
    });
    const outputs = args.outputs.map((data, i) => item(data, s, to[i] as Items));
    const packed = repack < 0 ? args.packed : op.pack?.(geometry, inputs[repack] as Float32Array);
    op.run({ ...args, batch: 1, inputs, outputs, packed: packed ?? nothing });
  }
}

/** Exactly the floats of one item, or those from its first on where its rows lie apart. */
function item(data: Float32Array, index: number, { size, stride, pitch }: Items): Float32Array {
  if (stride === 0) return data;
  return data.subarray(index * stride, pitch === 0 ? index * stride + size : undefined);
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
