import type { Model } from './face.js';
import type { ModelOptions } from './options.js';

export interface TfjsOptions extends ModelOptions {
  /** All shards of the weights, joined in the order of the manifest, where the model is not given as a path. */
  readonly weightData?: Uint8Array | undefined;
}

/**
 * Reads a layers-model of TensorFlow.js or Keras: the path or file URL of its model.json, whose shards lie in the same
 * folder; or the JSON itself, as bytes or parsed, with the weights as `weightData`. Sequential and Functional models of
 * Keras 2, Keras 3 and tfjs; names of layers are kept. Weights that are quantized become float32.
 * Throws a ModelFileError that names the file, the layer and the broken rule; unknown classes are named all at once.
 */
export async function loadTfjs(
  from: string | URL | Uint8Array | object,
  options: TfjsOptions = {},
): Promise<Model> {
  const { readTfjsModel } = await import('../formats/tfjs/load.js');
  return readTfjsModel(from, options);
}
