import type { Model } from './face.js';
import type { ModelOptions } from './options.js';

export interface OnnxOptions extends ModelOptions {
  /**
   * How tensors of rank 4 cross the border of the model: 'nchw', as the file says, or 'nhwc', for images as people have
   * them (height, width, channels).
   */
  readonly layout?: 'nchw' | 'nhwc' | undefined;
  /** Weights may lie in other files of the model's own folder: false. Nothing outside of it is ever opened. */
  readonly externalData?: boolean | undefined;
}

/**
 * Reads an ONNX file (opsets 1 to 27) from a path, a file URL or bytes. The model takes and gives tensors as the file
 * declares them: the batch counts as an axis, -1 stands for free lengths in `inputs` and `outputs`, and the rank must match.
 * A free batch or image size works without loading again. `weights` keeps the file's names and layouts.
 * Integers that the network computes from floats travel as float32: exact up to 2^24.
 * Throws a ModelFileError that names the file, the node and the broken rule; unknown operators are named all at once.
 */
export async function loadOnnx(from: string | URL | Uint8Array, options: OnnxOptions = {}): Promise<Model> {
  const { readOnnxModel } = await import('./onnx/load-onnx.js');
  return readOnnxModel(from, options);
}
