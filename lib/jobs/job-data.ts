import { OptionError, ShapeError, show } from '../errors.js';
import type { Classifier } from '../images/classifier.js';
import { list } from '../options.js';
import type { Batcher } from '../serve/batcher.js';
import { type DataType, type Tensor, tensor } from '../tensor.js';
import { readBelow, readUrl, type SourceOptions } from './sources.js';

/** What computes the jobs of a queue. */
export interface JobMeans extends SourceOptions {
  readonly batcher: Batcher;
  /** Throws where the model does not classify pictures. */
  classifier(): Classifier;
  readonly top: number;
}

/**
 * The return value of a job. `{ image: path }` and `{ url }` give `{ top: [{ index, label, probability }] }`;
 * `{ tensor: { shape, data } }` gives `{ outputs: { name: { shape, data } } }`, with `data` as an array of numbers or as
 * base64 of little-endian float32 numbers, as the job has it; integers of the model become such numbers.
 * Throws an OptionError or a ShapeError for a job that is wrong, other errors for what may succeed another time.
 */
export async function answerJob(data: unknown, means: JobMeans): Promise<object> {
  const kinds = ['image', 'url', 'tensor'] as const;
  const given =
    typeof data === 'object' && data !== null ? kinds.filter((kind) => Object.hasOwn(data, kind)) : [];
  const [kind, another] = given;
  if (kind === undefined || another !== undefined) {
    throw new OptionError(`job: expected an object with image, url or tensor, got ${show(data)}`);
  }
  const value: unknown = (data as Record<string, unknown>)[kind];
  if (kind === 'tensor') return answerTensor(value, means);
  if (typeof value !== 'string') throw new OptionError(`${kind}: expected a text, got ${show(value)}`);
  const bytes = await (kind === 'image' ? readBelow : readUrl)(value, means);
  const { image, read, guesses } = means.classifier();
  const values = await read(bytes).catch((error: Error) => {
    if (!(error instanceof OptionError)) throw error;
    throw new OptionError(`${kind}: ${show(value)}: ${error.message}`, { cause: error });
  });
  const answer = await means.batcher.predict(image.input(values));
  return { top: guesses(answer.data, means.top) };
}

async function answerTensor(value: unknown, { batcher }: JobMeans): Promise<object> {
  const { shape, data } = (value ?? {}) as { shape?: unknown; data?: unknown };
  const lengths = list('tensor', 'shape', shape, 'an array of lengths') as number[];
  const asText = typeof data === 'string';
  const x = tensor(asText ? floatsOf(data) : numbersOf(data), lengths);
  const [input, more] = batcher.model.inputs;
  if (input === undefined || more !== undefined) {
    throw new ShapeError(`tensor: expected a model with one input, got ${batcher.model.inputs.length}`);
  }
  const answers = await batcher.predict({ [input.name]: x });
  const outputs = Object.entries(answers).map(([name, { shape, data }]: [string, Tensor<DataType>]) => {
    // Lengths and indices of graphs are bigints, which JSON does not have.
    const numbers = Array.from(data, Number);
    return [name, { shape, data: asText ? base64(numbers) : numbers }];
  });
  return { outputs: Object.fromEntries(outputs) };
}

function numbersOf(data: unknown): Float32Array {
  const numbers = list(
    'tensor',
    'data',
    data,
    'an array of numbers or base64 of little-endian float32 numbers',
  );
  const wrong = numbers.findIndex((item) => typeof item !== 'number');
  if (wrong < 0) return Float32Array.from(numbers as number[]);
  throw new OptionError(`tensor: expected data[${wrong}] to be a number, got ${show(numbers[wrong])}`);
}

function floatsOf(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0 || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw new OptionError(`tensor: expected data to be base64 of float32 numbers, got ${show(text)}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

function base64(data: readonly number[]): string {
  const bytes = Buffer.alloc(4 * data.length);
  for (const [i, value] of data.entries()) bytes.writeFloatLE(value, 4 * i);
  return bytes.toString('base64');
}
