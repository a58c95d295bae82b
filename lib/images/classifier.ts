import { NeocogError, OptionError } from '../errors.js';
import type { Json } from '../json.js';
import type { Model } from '../model/face.js';
import { best, type Guess } from './guesses.js';
import { type ImageModel, imageModel } from './image-model.js';
import type { Encoded, Hold } from './picture.js';
import { type Preprocessing, readInput, readPreprocessing } from './preprocess.js';

/** What its callers know of a model better than its file. */
export interface ClassifierOptions {
  readonly labels?: readonly string[] | undefined;
  readonly preprocessing?: Json | undefined;
}

/** A model together with all that lies between an encoded picture and the names of what it shows. */
export interface Classifier {
  readonly model: Model;
  readonly image: ImageModel;
  readonly labels: readonly string[];
  /** Which pictures it is made for. */
  readonly kind: Preprocessing['kind'];
  /**
   * Decodes and prepares a picture: the numbers of one input [height, width, channels], for `image.input`. `hold` is told of
   * the bytes of the decoded picture before there are any, and stops it by an error.
   * Rejects with an OptionError where the picture is damaged, blank or too large (a PixelsError), with a BackendError where
   * sharp is missing.
   */
  read(file: Encoded, hold?: Hold): Promise<Float32Array>;
  /** The likeliest classes by the numbers of one answer, at most `top`. */
  guesses(values: Float32Array, top: number): Guess[];
}

/** Throws an OptionError for a model that does not classify pictures, a ModelFileError for wrong preprocessing. */
export function classifier(model: Model, options: ClassifierOptions = {}): Classifier {
  const image = imageModel(model);
  const how: Preprocessing = readPreprocessing(options.preprocessing ?? model.preprocessing, image.shape);
  const labels = options.labels ?? model.labels ?? [];
  return Object.freeze({
    model,
    image,
    labels,
    kind: how.kind,
    async read(file: Encoded, hold?: Hold) {
      try {
        return await readInput(file, how, image.shape, hold);
      } catch (cause) {
        // Ours: blank paper, too many pixels, sharp missing. All else is what sharp says of the file.
        if (cause instanceof NeocogError) throw cause;
        throw new OptionError(`the picture could not be decoded: ${(cause as Error).message}`, { cause });
      }
    },
    guesses: (values: Float32Array, top: number) => best(values, top, labels),
  });
}
