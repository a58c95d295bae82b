import type { Classifier } from '../images/classifier.js';
import type { Guess } from '../images/guesses.js';

/** What became of one picture. */
export type PictureAnswer =
  | {
      readonly file: string;
      readonly top: readonly Guess[];
      /** Its share of the time that the network took for its batch, without reading it. */
      readonly ms: number;
    }
  | { readonly file: string; readonly error: unknown };

export interface PictureOptions {
  /** Classes per picture. */
  readonly top: number;
  /** Pictures computed at once. */
  readonly batch: number;
  /** Pictures that are read while earlier ones are computed; with 0 each is read when its turn comes. */
  readonly ahead: number;
  /** When it aborts, no further picture is begun; those in hand are finished. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Answers for pictures, in the order of the files. A picture that cannot be read is an answer with its error; what the
 * model itself throws ends the stream. Holds `ahead` + `batch` pictures at most.
 */
export async function* classifyPictures(
  classifier: Classifier,
  files: AsyncIterable<string> | Iterable<string>,
  { top, batch, ahead, signal }: PictureOptions,
): AsyncGenerator<PictureAnswer, void> {
  const size = classifier.image.batches ? batch : 1;
  const read = async (file: string): Promise<Read> => {
    try {
      return { file, values: await classifier.read(file) };
    } catch (error) {
      return { file, error };
    }
  };
  let pictures: Read[] = [];
  for await (const picture of inParallel(files, read, ahead, signal)) {
    pictures.push(picture);
    if (pictures.length < size) continue;
    yield* await answers(classifier, pictures, top);
    pictures = [];
  }
  yield* await answers(classifier, pictures, top);
}

type Read =
  | { readonly file: string; readonly values: Float32Array }
  | { readonly file: string; readonly error: unknown };

async function answers(
  { model, image, guesses }: Classifier,
  pictures: readonly Read[],
  top: number,
): Promise<PictureAnswer[]> {
  const inputs = pictures.flatMap((picture) => ('values' in picture ? [picture.values] : []));
  if (inputs.length === 0) return pictures as PictureAnswer[];
  const x = image.input(...inputs);
  const start = performance.now();
  // One alone is computed on this thread: its time is the network's.
  const { data } = inputs.length === 1 ? model.predictSync(x) : await model.predict(x);
  const ms = (performance.now() - start) / inputs.length;
  const classes = data.length / inputs.length;
  let next = 0;
  return pictures.map((picture) => {
    if ('error' in picture) return picture;
    const values = data.subarray(next, next + classes);
    next += classes;
    return { file: picture.file, top: guesses(values, top), ms };
  });
}

/** Does `work`, which never rejects, for up to `ahead` items more than have been asked for; answers in their order. */
async function* inParallel<T, U>(
  items: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<U>,
  ahead: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<U, void> {
  const begun: Promise<U>[] = [];
  for await (const item of items) {
    if (signal?.aborted) break;
    begun.push(work(item));
    if (begun.length > ahead) yield (await begun.shift()) as U;
  }
  for (const result of begun) yield await result;
}
