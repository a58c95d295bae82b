import { NeocogError, OptionError, show } from '../errors.js';
import { best, type Guess } from '../images/guesses.js';
import { imageModel } from '../images/image-model.js';
import { readSize } from '../images/picture.js';
import { type Preprocessing, readInput, readPreprocessing } from '../images/preprocess.js';
import { jsonAnswer, type ServiceAnswer, type ServiceRequest } from './answer.js';
import { QueueFullError } from './errors.js';
import { Refusal } from './refusal.js';
import type { Repository, ServedModel } from './repository.js';

/** What names the classes of encoded pictures. */
interface Classifier {
  /** Which pictures it is made for. */
  readonly kind: Preprocessing['kind'];
  /** The `count` likeliest classes, first the best. */
  classify(picture: Uint8Array, count: number, signal: AbortSignal): Promise<readonly Guess[]>;
}

/** More than cameras take; a small file can claim to unfold to far more. */
const maxPixels = 100e6;
/** Classes that are told where nobody says how many. */
const usualCount = 5;

const types = ['image/jpeg', 'image/png', 'image/webp', 'application/octet-stream'];

const known = new WeakMap<ServedModel, Classifier>();

/** The classifier of a model, made once. Throws an OptionError for models of any other kind. */
function classifierOf(served: ServedModel): Classifier {
  const made = known.get(served) ?? makeClassifier(served);
  known.set(served, made);
  return made;
}

function makeClassifier({ batcher, model, labels, preprocessing }: ServedModel): Classifier {
  const image = imageModel(model);
  const how = readPreprocessing(preprocessing, image.shape);
  // Decoding is bounded as the queue is: a picture takes many times the memory of its file.
  const most = batcher.options.maxQueueSize;
  let decoding = 0;
  return {
    kind: how.kind,
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
  try {
    const { width, height } = await readSize(picture);
    if (width * height <= maxPixels) return await readInput(picture, how, shape);
    throw new Refusal(
      413,
      `classify: expected a picture of at most ${maxPixels / 1e6} million pixels, got ${width} x ${height}`,
    );
  } catch (cause) {
    // Ours: blank paper, too many pixels, sharp missing. All else is what sharp says of the file.
    if (cause instanceof NeocogError) throw cause;
    throw new OptionError(`classify: the picture could not be decoded: ${(cause as Error).message}`, {
      cause,
    });
  }
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

/** Answers POST /v2/models/NAME/classify?top=5, whose body is a JPEG, PNG or WebP picture. */
export async function classification(
  served: ServedModel,
  { url, headers, body, signal }: ServiceRequest,
): Promise<ServiceAnswer> {
  const start = performance.now();
  const type = headers['content-type']?.split(';')[0].trim().toLowerCase();
  if (type !== undefined && !types.includes(type)) {
    throw new Refusal(
      415,
      `classify: expected one of the content types ${types.join(', ')}, got ${show(type)}`,
    );
  }
  if (!isPicture(body)) {
    throw new Refusal(415, 'classify: expected a JPEG, PNG or WebP picture as the body');
  }
  const top = new URL(url, 'http://localhost').searchParams.get('top') ?? String(usualCount);
  if (!/^[1-9]\d{0,5}$/.test(top)) {
    throw new OptionError(`classify: expected top to be a positive integer, got ${show(top)}`);
  }
  const guesses = await classifierOf(served).classify(body, Number(top), signal);
  return jsonAnswer(200, {
    model_name: served.name,
    model_version: served.version,
    top: guesses,
    ms: performance.now() - start,
  });
}

/** The models that name what pictures show. */
export function pictureModels(repository: Repository): readonly object[] {
  return repository.entries().flatMap((served) => {
    try {
      const { name, version } = served;
      return [{ name, version, kind: classifierOf(served).kind }];
    } catch {
      // Other models are served, but not shown on the page.
      return [];
    }
  });
}
