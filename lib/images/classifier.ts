import type { Model } from '../model/face.js';
import { best, type Guess } from './guesses.js';
import { type ImageModel, imageModel } from './image-model.js';
import { type Encoded, requireSharp } from './picture.js';
import { type Preprocessing, readInput, readPreprocessing } from './preprocess.js';

/** A model together with all that lies between an encoded picture and the names of what it shows. */
export interface Classifier {
  readonly model: Model;
  readonly image: ImageModel;
  readonly labels: readonly string[];
  /** Decodes and prepares a picture: the numbers of one input [height, width, channels], for `image.input`. */
  read(file: Encoded): Promise<Float32Array>;
  /** The likeliest classes by the numbers of one answer, at most `top`. */
  guesses(values: Float32Array, top: number): Guess[];
}

/** Throws an OptionError for a model that does not classify pictures, a BackendError where sharp is missing. */
export async function classifier(model: Model): Promise<Classifier> {
  const image = imageModel(model);
  const how: Preprocessing = readPreprocessing(model.preprocessing, image.shape);
  const labels = model.labels ?? [];
  await requireSharp();
  return Object.freeze({
    model,
    image,
    labels,
    read: (file: Encoded) => readInput(file, how, image.shape),
    guesses: (values: Float32Array, top: number) => best(values, top, labels),
  });
}
