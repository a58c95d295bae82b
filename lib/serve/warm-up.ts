import type { Classifier } from '../images/classifier.js';
import { requireSharp } from '../images/picture.js';
import type { Model } from '../model/face.js';
import { anyTensor, type DataType, sizeOf, type Tensor } from '../tensor.js';
import { type Edge, edgesOf } from './protocol/edges.js';

/**
 * Runs a model once on zeros, a batch of 1: weights are packed, threads awake and memory is there before the first request.
 * For pictures, what decodes them is loaded as well. A graph whose lengths are free is left alone, unless it classifies
 * pictures, whose usual size is known. Rejects with what the model throws.
 */
export async function warmUp(model: Model, pictures: Classifier | undefined): Promise<void> {
  // Without sharp the model still answers whoever sends numbers.
  if (pictures) await requireSharp().catch(() => {});
  const { inputs } = edgesOf(model);
  const zeros = inputs.map(zerosOf);
  const all = zeros.filter((x) => x !== undefined);
  if (all.length === inputs.length) {
    await model.predict(Object.fromEntries(inputs.map(({ name }, i) => [name, all[i] as Tensor<DataType>])));
  } else if (pictures?.image.batches) {
    const [h, w, c] = pictures.image.shape;
    await model.predict(pictures.image.input(new Float32Array(h * w * c)));
  }
}

/** Undefined where lengths other than the batch are free. */
function zerosOf({ shape, dtype, datatype }: Edge): Tensor<DataType> | undefined {
  const lengths = shape.map((length, axis) => (axis === 0 && length < 0 ? 1 : length));
  // A graph may leave even the rank open.
  if (lengths.length === 0 || lengths.some((length) => length < 1)) return undefined;
  return anyTensor(lengths, dtype, datatype.make(sizeOf(lengths)) as never);
}
