import { OptionError, show } from '../errors.js';
import { type Classifier, classifier } from '../images/classifier.js';
import { PixelsError } from '../images/picture.js';
import { jsonAnswer, type ServiceAnswer, type ServiceRequest } from './answer.js';
import { QueueFullError } from './errors.js';
import type { Memory } from './memory.js';
import { Refusal } from './refusal.js';
import type { Repository, ServedModel } from './repository.js';

/** Classes that are told where nobody says how many. */
const usualCount = 5;

const types = ['image/jpeg', 'image/png', 'image/webp', 'application/octet-stream'];

const known = new WeakMap<ServedModel, Classifier>();

/** The classifier of a model, made once. Throws an OptionError for models of any other kind. */
function classifierOf(served: ServedModel): Classifier {
  const made = known.get(served) ?? classifier(served.model, served);
  known.set(served, made);
  return made;
}

/** Pictures of each model that are being decoded. */
const decoding = new WeakMap<Classifier, number>();

/** Decoding is bounded as the queue is: a picture takes many times the memory of its file. */
async function decode(
  by: Classifier,
  picture: Uint8Array,
  most: number,
  memory: Memory,
): Promise<Float32Array> {
  const before = decoding.get(by) ?? 0;
  if (before >= most) {
    throw new QueueFullError(`classify: ${most} pictures are being decoded already; try again later`);
  }
  decoding.set(by, before + 1);
  const share = memory.take('classify', 0);
  try {
    return await by.read(picture, share.grow);
  } catch (error) {
    if (error instanceof PixelsError) throw new Refusal(413, `classify: ${error.message}`);
    if (error instanceof OptionError) throw new OptionError(`classify: ${error.message}`, { cause: error });
    throw error;
  } finally {
    share.release();
    decoding.set(by, (decoding.get(by) as number) - 1);
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
  memory: Memory,
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
  const by = classifierOf(served);
  const values = await decode(by, body, served.batcher.options.maxQueueSize, memory);
  const { data } = await served.batcher.predict(by.image.input(values), { signal });
  return jsonAnswer(200, {
    model_name: served.name,
    model_version: served.version,
    top: by.guesses(data, Number(top)),
    ms: performance.now() - start,
  });
}

/** The classifier of a model; undefined for models of any other kind. */
export function picturesOf(served: ServedModel): Classifier | undefined {
  try {
    return classifierOf(served);
  } catch {
    return undefined;
  }
}

/** The models that name what pictures show, for the page. */
export function pictureModels(repository: Repository): readonly object[] {
  return repository.entries().flatMap((served) => {
    const { name, version } = served;
    const pictures = picturesOf(served);
    return pictures ? [{ name, version, kind: pictures.kind }] : [];
  });
}
