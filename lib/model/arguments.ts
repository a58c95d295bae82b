import { BackendError, OptionError, ShapeError, show } from '../errors.js';
import { expected, isList, readOptions } from '../options.js';
import {
  checkFloatTensor,
  floatTensor,
  isTensor,
  maxElements,
  overlaps,
  showShape,
  sizeOf,
  type Tensor,
} from '../tensor.js';
import type { NetworkPort } from './network.js';

/** An input or output of a model, ready for calls. */
export interface Slot {
  readonly name: string;
  /** Without the batch. */
  readonly shape: readonly number[];
  readonly size: number;
}

/** The form of a question, which is that of its answer. */
export interface CallForm {
  readonly batch: number;
  /** One sample without the batch; the answer has none either. */
  readonly single: boolean;
  /** Given by name, so the answer goes by name. */
  readonly keyed: boolean;
}

/** What was given to a model, checked against its inputs. */
export interface Call extends CallForm {
  /** In the order of the model's inputs. */
  readonly inputs: readonly Float32Array[];
}

export function slots(ports: readonly NetworkPort[]): readonly Slot[] {
  return ports.map(({ name, shape }) =>
    Object.freeze({ name, shape: Object.freeze([...shape]), size: sizeOf(shape) }),
  );
}

/** Checks the argument of `predict`; the kinds of input and output that it is given decide those of the answer. */
export function readCall(
  who: string,
  inputs: readonly Slot[],
  outputs: readonly Slot[],
  value: unknown,
): Call {
  if (!isTensor(value)) return readKeyed(who, inputs, outputs, value);
  const [slot] = inputs;
  if (!slot || inputs.length > 1) {
    throw new OptionError(`${who}: expected an object with the inputs ${names(inputs)}, got one tensor`);
  }
  if (outputs.length > 1) {
    throw new OptionError(
      `${who}: expected an object such as { ${JSON.stringify(slot.name)}: tensor }, since the outputs are ${names(outputs)}, got one tensor`,
    );
  }
  const x = checkFloatTensor(who, 'the input', value);
  const single = isSingle(who, slot, x, 'the input');
  const batch = single ? 1 : (x.shape[0] as number);
  checkBatch(who, outputs, batch);
  return { inputs: [x.data], batch, single, keyed: false };
}

function readKeyed(who: string, inputs: readonly Slot[], outputs: readonly Slot[], value: unknown): Call {
  if (typeof value !== 'object' || value === null || isList(value) || ArrayBuffer.isView(value)) {
    throw new OptionError(
      `${who}: expected a tensor, or an object with the inputs ${names(inputs)}, got ${show(value)}; make a tensor with tensor(data, shape)`,
    );
  }
  const given = readNamed(who, 'inputs', inputs, value);
  const tensors = inputs.map(({ name }) =>
    checkFloatTensor(who, `input ${JSON.stringify(name)}`, given[name]),
  );
  const batches = inputs.map((slot, i) => {
    const x = tensors[i] as Tensor;
    return isSingle(who, slot, x, `input ${JSON.stringify(slot.name)}`) ? 'none' : (x.shape[0] as number);
  });
  const [first = 1] = batches;
  const other = batches.findIndex((batch) => batch !== first);
  if (other >= 0) {
    throw new ShapeError(
      `${who}: expected all inputs to have the same batch, got ${first} in ${show(inputs[0]?.name)} and ${batches[other]} in ${show(inputs[other]?.name)}`,
    );
  }
  const single = first === 'none';
  const batch = first === 'none' ? 1 : first;
  checkBatch(who, outputs, batch);
  return { inputs: tensors.map(({ data }) => data), batch, single, keyed: true };
}

/** The named entries of an object: exactly those of the slots, its own ones. */
function readNamed(
  who: string,
  what: string,
  wanted: readonly Slot[],
  value: object,
): Readonly<Record<string, unknown>> {
  let own: Map<string, unknown>;
  try {
    own = new Map(Object.entries(value));
  } catch (error) {
    throw new OptionError(`${who}: the ${what} cannot be read`, { cause: error });
  }
  if (own.size !== wanted.length || wanted.some(({ name }) => !own.has(name))) {
    const found = own.size === 0 ? 'none' : [...own.keys()].slice(0, 8).map(show).join(', ');
    throw new OptionError(`${who}: expected the ${what} ${names(wanted)}, got ${found}`);
  }
  return Object.fromEntries(own);
}

function names(all: readonly Slot[]): string {
  return all.map(({ name }) => JSON.stringify(name)).join(', ');
}

/** Whether a tensor is one sample without the batch; a ShapeError where it is neither that nor a batch. */
function isSingle(who: string, { shape }: Slot, x: Tensor, name: string): boolean {
  const extra = x.shape.length - shape.length;
  let fits = extra === 0 || extra === 1;
  for (let i = 0; fits && i < shape.length; i++) fits = x.shape[i + extra] === shape[i];
  if (fits) return extra === 0;
  throw new ShapeError(
    `${who}: expected ${name} of shape ${showShape(['n', ...shape])}, or ${showShape(shape)} for one sample, got ${showShape(x.shape)}`,
  );
}

/** The whole shape of an output, frozen. */
export function outputShape({ shape }: Slot, { batch, single }: CallForm): readonly number[] {
  return single ? shape : Object.freeze([batch, ...shape]);
}

function checkBatch(who: string, outputs: readonly Slot[], batch: number): void {
  for (let i = 0; i < outputs.length; i++) {
    const { name, size } = outputs[i] as Slot;
    if (batch * size <= maxElements) continue;
    throw new ShapeError(
      `${who}: expected outputs of at most 2^31 - 1 elements, got ${batch} times ${size} for ${show(name)}`,
    );
  }
}

/** Memory for one output of a call. */
export function outputData(who: string, { size }: Slot, { batch }: Call): Float32Array {
  try {
    return new Float32Array(batch * size);
  } catch (error) {
    throw new BackendError(`${who}: not enough memory for an answer of ${batch * size} floats`, {
      code: 'ERR_OUT_OF_MEMORY',
      cause: error,
    });
  }
}

/** The given `out` as tensors in the order of the outputs: of the answer's shapes, sharing memory with nothing else. */
export function readOut(who: string, outputs: readonly Slot[], call: Call, out: unknown): readonly Tensor[] {
  const tensors = call.keyed ? readNamedOut(who, outputs, out) : [checkFloatTensor(who, 'out', out)];
  for (const [i, slot] of outputs.entries()) {
    const { shape, data } = tensors[i] as Tensor;
    const { single, batch } = call;
    const wanted = slot.shape;
    let fits = single
      ? shape.length === wanted.length
      : shape.length === wanted.length + 1 && shape[0] === batch;
    for (let axis = 0; fits && axis < wanted.length; axis++) {
      fits = shape[single ? axis : axis + 1] === wanted[axis];
    }
    if (!fits) {
      throw new ShapeError(
        `${who}: expected out of shape ${showShape(outputShape(slot, call))}, got ${showShape(shape)}`,
      );
    }
    if (call.inputs.some((input) => overlaps(input, data))) {
      throw new OptionError(`${who}: expected out to have memory of its own, got that of an input`);
    }
    if (tensors.some((other, j) => j < i && overlaps(other.data, data))) {
      throw new OptionError(`${who}: expected every out to have memory of its own, got two that overlap`);
    }
  }
  return tensors;
}

function readNamedOut(who: string, outputs: readonly Slot[], out: unknown): Tensor[] {
  if (typeof out !== 'object' || out === null || isTensor(out)) {
    throw expected(who, 'out', `an object with the outputs ${names(outputs)}`, out);
  }
  const given = readNamed(who, 'outputs', outputs, out);
  return outputs.map(({ name }) => checkFloatTensor(who, `out ${JSON.stringify(name)}`, given[name]));
}

/** Tensors of the answer, in the form of the question. */
export function answer(outputs: readonly Slot[], call: CallForm, results: readonly Float32Array[]): unknown {
  const tensors = outputs.map((slot, i) => floatTensor(outputShape(slot, call), results[i] as Float32Array));
  return call.keyed ? byName(outputs, tensors) : tensors[0];
}

export function byName(
  outputs: readonly Slot[],
  tensors: readonly Tensor[],
): Readonly<Record<string, Tensor>> {
  return Object.freeze(Object.fromEntries(outputs.map(({ name }, i) => [name, tensors[i] as Tensor])));
}

/** The option `signal`, where there is one. */
export function readSignal(who: string, signal: unknown): AbortSignal | undefined {
  // Not `instanceof`: test runners and other contexts have an AbortSignal of their own.
  const shaped = signal as AbortSignal | undefined;
  if (shaped === undefined) return undefined;
  if (typeof shaped?.aborted === 'boolean' && typeof shaped.addEventListener === 'function') return shaped;
  throw expected(who, 'signal', 'an AbortSignal', signal);
}

/** The one option of a call, without a copy of the options where there are none. */
export function readOne(who: string, name: string, options: unknown): unknown {
  return options === undefined ? undefined : readOptions(who, options, [name])[name];
}
