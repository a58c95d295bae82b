import { expected, positiveInteger, readOptions } from '../options.js';
import { checkFloatTensor, floatTensor, isTensor, type Tensor } from '../tensor.js';
import { byName, type Call, readCall, readSignal, type Slot } from './arguments.js';

/** What a stream reads from: samples without the batch, or objects of them by input name. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

/** What a stream needs of its model. */
export interface Streamable {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  run(
    batch: number,
    inputs: readonly Float32Array[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]>;
}

interface Batch {
  readonly inputs: readonly Float32Array[];
  /** Per sample, whether it came by name. */
  readonly keyed: readonly boolean[];
}

/**
 * Answers in the order of the samples. While one batch is computed the next one is read, and no more than that: a slow
 * consumer stops the source. The source is closed when the consumer leaves early, on abort and on errors.
 */
export function predictStream(
  model: Streamable,
  source: unknown,
  options: unknown,
): AsyncGenerator<unknown, void> {
  const who = 'predictStream';
  const given = readOptions(who, options, ['batchSize', 'signal']);
  const batchSize = positiveInteger(who, 'batchSize', given.batchSize, 32);
  const signal = readSignal(who, given.signal);
  return stream(model, open(who, source, signal), batchSize, signal);
}

/** Answers in the order of the inputs, each computed alone: for graphs whose shapes say what a batch is. */
export function predictEach(
  predict: (x: unknown, signal: AbortSignal | undefined) => Promise<unknown>,
  source: unknown,
  options: unknown,
): AsyncGenerator<unknown, void> {
  const who = 'predictStream';
  const given = readOptions(who, options, ['batchSize', 'signal']);
  positiveInteger(who, 'batchSize', given.batchSize, 32);
  const signal = readSignal(who, given.signal);
  return each(predict, open(who, source, signal), signal);
}

async function* each(
  predict: (x: unknown, signal: AbortSignal | undefined) => Promise<unknown>,
  source: Reader,
  signal: AbortSignal | undefined,
) {
  try {
    for (let item = await source.read(); item; item = await source.read()) {
      yield await predict(item.value, signal);
    }
  } finally {
    await source.close();
  }
}

async function* stream(
  model: Streamable,
  source: Reader,
  batchSize: number,
  signal: AbortSignal | undefined,
) {
  try {
    let next = gather(model, source, batchSize);
    for (;;) {
      const batch = await next;
      if (!batch) return;
      const running = model.run(batch.keyed.length, batch.inputs, signal);
      next = gather(model, source, batchSize);
      // It is awaited in the next round; until then its failure is nobody's surprise.
      next.catch(() => {});
      for (const answer of answers(model.outputs, batch.keyed, await running)) {
        signal?.throwIfAborted();
        yield answer;
      }
    }
  } finally {
    await source.close();
  }
}

/**
 * Up to `batchSize` samples, copied one after the other; undefined at the end of the source. What fails after some
 * samples is kept for the next call, so that those before it get their answers.
 */
async function gather(
  { inputs, outputs }: Streamable,
  source: Reader,
  batchSize: number,
): Promise<Batch | undefined> {
  if (source.failure) throw source.failure.error;
  const keyed: boolean[] = [];
  let memory: Float32Array[] = [];
  try {
    while (keyed.length < batchSize) {
      const item = await source.read();
      if (!item) break;
      const call = readSample(source.count - 1, inputs, outputs, item.value);
      if (keyed.length === 0) memory = inputs.map(({ size }) => new Float32Array(batchSize * size));
      call.inputs.forEach((data, i) => {
        (memory[i] as Float32Array).set(data, keyed.length * data.length);
      });
      keyed.push(call.keyed);
    }
  } catch (error) {
    if (keyed.length === 0) throw error;
    source.failure = { error };
  }
  if (keyed.length === 0) return undefined;
  return {
    keyed,
    inputs: memory.map((data, i) => data.subarray(0, keyed.length * (inputs[i] as Slot).size)),
  };
}

function readSample(index: number, inputs: readonly Slot[], outputs: readonly Slot[], value: unknown): Call {
  const who = `predictStream: sample ${index}`;
  const call = readCall(who, inputs, outputs, value);
  if (call.single) return call;
  const given = isTensor(value) ? checkFloatTensor(who, 'the input', value).shape : call.batch;
  throw expected(who, 'the input', 'one sample, without a batch', given);
}

function* answers(outputs: readonly Slot[], keyed: readonly boolean[], results: readonly Float32Array[]) {
  for (const [sample, named] of keyed.entries()) {
    const tensors = outputs.map(({ shape, size }, i): Tensor => {
      const data = results[i] as Float32Array;
      return floatTensor(shape, data.slice(sample * size, (sample + 1) * size));
    });
    yield named ? byName(outputs, tensors) : (tensors[0] as Tensor);
  }
}

/** A source that is read one by one and closed once. */
interface Reader {
  /** Samples read so far. */
  readonly count: number;
  /** What went wrong after samples that are still on their way. */
  failure?: { readonly error: unknown };
  /** The next sample, or undefined at the end. */
  read(): Promise<{ readonly value: unknown } | undefined>;
  close(): Promise<void>;
}

function open(who: string, source: unknown, signal: AbortSignal | undefined): Reader {
  const from = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const make = from?.[Symbol.asyncIterator] ?? from?.[Symbol.iterator];
  if (typeof make !== 'function' || typeof source === 'string' || ArrayBuffer.isView(source)) {
    throw expected(who, 'the source', 'an iterable or async iterable of samples', source);
  }
  const iterator = (make as () => AsyncIterator<unknown> | Iterator<unknown>).call(source);
  let count = 0;
  let waiting = false;
  let ended = false;

  /** Asks the source; it has ended when it says so, and when it fails. */
  const ask = async () => {
    waiting = true;
    try {
      const result = await iterator.next();
      ended ||= result.done === true;
      return result;
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      waiting = false;
    }
  };
  return {
    get count() {
      return count;
    },
    async read() {
      if (ended) return undefined;
      const result = await unlessAborted(ask(), signal);
      if (ended) return undefined;
      const value = await result.value;
      count++;
      return { value };
    },
    async close() {
      if (ended) return;
      ended = true;
      const closing = Promise.resolve(iterator.return?.());
      // A generator that has not answered yet closes after its answer, which may never come.
      if (waiting) closing.catch(() => {});
      else await closing;
    },
  };
}

/** The promise, or a rejection with the signal's reason. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  promise.catch(() => {});
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
