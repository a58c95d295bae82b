import { OptionError } from '../errors.js';
import { best, type Guess } from '../images/guesses.js';
import { type ImageModel, imageModel } from '../images/image-model.js';
import { readSize } from '../images/picture.js';
import { type Preprocessing, readInput, readPreprocessing } from '../images/preprocess.js';
import type { Json } from '../json.js';
import type { Batcher } from './batcher.js';
import { QueueFullError } from './errors.js';

/** What names the classes of pictures: a model behind its batcher, with what the options say instead of its file. */
export interface Classifiable {
  readonly batcher: Batcher;
  readonly labels: readonly string[] | undefined;
  readonly preprocessing: Json | undefined;
}

export interface Classifier {
  /** Which pictures it is made for. */
  readonly kind: Preprocessing['kind'];
  readonly classes: number | undefined;
  /**
   * The `count` likeliest classes of an encoded picture (JPEG, PNG or WebP).
   * Throws an OptionError for what is no such picture, and what the batcher throws.
   */
  classify(picture: Uint8Array, count: number, signal: AbortSignal): Promise<readonly Guess[]>;
}

/** More than any camera takes; a small file can claim to unfold to far more. */
const maxPixels = 100e6;

/** Throws an OptionError for models of any other kind. */
export function classifier({ batcher, labels, preprocessing }: Classifiable): Classifier {
  const image: ImageModel = imageModel(batcher.model);
  const how = readPreprocessing(preprocessing, image.shape);
  /** Decoding is bounded as the queue is: its memory is many times that of the files. */
  let decoding = 0;
  const most = batcher.options.maxQueueSize;
  return {
    kind: how.kind,
    classes: image.classes,
    async classify(picture, count, signal) {
      if (decoding >= most) {
        throw new QueueFullError(`classify: ${most} pictures are being decoded already; try again later`);
      }
      decoding++;
      let x: Float32Array;
      try {
        x = await decode(picture, how, image.shape);
      } finally {
        decoding--;
      }
      signal.throwIfAborted();
      const { data } = await batcher.predict(image.input(x), { signal });
      return best(data, count, labels ?? []);
    },
  };
}

async function decode(
  picture: Uint8Array,
  how: Preprocessing,
  shape: readonly number[],
): Promise<Float32Array> {
  if (!isPicture(picture)) {
    throw new OptionError('classify: expected a JPEG, PNG or WebP picture as the body');
  }
  let width: number;
  let height: number;
  try {
    ({ width, height } = await readSize(picture));
  } catch (cause) {
    throw unreadable(cause);
  }
  if (width * height > maxPixels) {
    throw new OptionError(
      `classify: expected a picture of at most ${maxPixels / 1e6} million pixels, got ${width} x ${height}`,
    );
  }
  try {
    return await readInput(picture, how, shape);
  } catch (cause) {
    throw cause instanceof OptionError ? cause : unreadable(cause);
  }
}

function unreadable(cause: unknown): OptionError {
  return new OptionError(`classify: the picture could not be decoded: ${(cause as Error).message}`, {
    cause,
  });
}

/** By their first bytes, so that no other of sharp's decoders meets what strangers send. */
function isPicture(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1');
  return (
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    (head.startsWith('RIFF') && head.slice(8) === 'WEBP')
  );
}
