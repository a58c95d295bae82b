import { expected, oneOf, readOptions } from '../options.js';
import type { Model } from './face.js';
import { originOfModel } from './origin.js';
import { writeWhole } from './save.js';

export interface SaveOnnxOptions {
  /** How images stand at the file's inputs and outputs: 'nhwc', as at the model's own. */
  readonly layout?: 'nhwc' | 'nchw' | undefined;
}

const who = 'saveOnnx';

/**
 * Writes the model as an ONNX file of opset 17, which appears whole or not at all. The file takes and gives what the
 * model does, under the same names: float32 with a free batch `n`; between them images are [n, c, h, w]. A model that
 * came from an ONNX file is written as it was read. Preprocessing and labels are kept in the metadata.
 * Throws OptionError for what ONNX has no words for, ModelFileError where the file cannot be written.
 */
export async function saveOnnx(
  model: Model,
  path: string | URL,
  options: SaveOnnxOptions = {},
): Promise<void> {
  const given = readOptions(who, options, ['layout']);
  const layout = oneOf(who, 'layout', given.layout, ['nhwc', 'nchw'], 'nhwc');
  const origin = originOfModel(model);
  if (!origin) throw expected(who, 'the model', 'made by this package', model);
  if (origin.kind === 'graph' && given.layout !== undefined) {
    throw expected(who, 'layout', 'left out for a model that came from an ONNX file', given.layout);
  }
  // What is written is the model as it is now, though the rest is loaded first: most programs write no ONNX files.
  const made =
    origin.kind === 'graph'
      ? { file: origin.file(), settings: origin.settings }
      : { network: origin.network(), arrays: origin.arrays(), settings: origin.settings };
  const [{ onnxFileOf, withDescription }, { writeOnnx }] = await Promise.all([
    import('./onnx-file.js'),
    import('../formats/onnx/write.js'),
  ]);
  const file =
    'file' in made
      ? { ...made.file, metadata: withDescription(made.file.metadata, made.settings) }
      : onnxFileOf(made.network, made.arrays, made.settings, layout);
  await writeWhole(who, path, () => [writeOnnx(file)]);
}
