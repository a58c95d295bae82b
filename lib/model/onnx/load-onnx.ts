import type { OnnxFile } from '../../formats/onnx/file.js';
import { readOnnx, readOnnxFile } from '../../formats/onnx/read.js';
import { failing } from '../../formats/safetensors.js';
import { turn } from '../../formats/whole-file.js';
import { boolean, expected, oneOf, readOptions } from '../../options.js';
import { asBytes } from '../../tensor.js';
import type { Model } from '../face.js';
import { type ModelSettings, modelOptionNames, modelSettings } from '../options.js';
import { filePath } from '../save.js';
import { graphModel } from './graph-model.js';

/** The work of `loadOnnx`; see there. */
export async function readOnnxModel(from: unknown, options: unknown): Promise<Model> {
  const who = 'loadOnnx';
  const given = readOptions(who, options, ['layout', 'externalData', ...modelOptionNames]);
  const layout = oneOf(who, 'layout', given.layout, ['nchw', 'nhwc'], 'nchw');
  const externalData = boolean(who, 'externalData', given.externalData, false);
  const settings = modelSettings(who, given);
  const bytes = asBytes(from);
  if (!bytes && typeof from !== 'string' && !(from instanceof URL)) {
    throw expected(who, 'the model', 'a path, a file URL or a Uint8Array', from);
  }
  const path = bytes ? undefined : await filePath(who, from);
  const fail = failing(who, path === undefined ? `${bytes?.length} bytes` : JSON.stringify(path));
  // A copy of the bytes: the model must not change when the caller reuses them.
  const file =
    path === undefined
      ? readOnnx((bytes as Uint8Array).slice(), fail, true)
      : await readOnnxFile(path, fail, { externalData });
  const made = graphModel(file, { ...settings, ...described(file, settings) }, layout, fail);
  if (bytes) await turn();
  return made;
}

/** What `saveOnnx` keeps in the metadata; other programs may keep something else there under these names. */
function described({ metadata }: OnnxFile, settings: ModelSettings): Partial<ModelSettings> {
  const field = (name: 'preprocessing' | 'labels'): unknown => {
    const text = metadata.get(name);
    if (settings[name] !== undefined || text === undefined) return undefined;
    try {
      const { [name]: checked } = modelSettings('metadata', { [name]: JSON.parse(text) });
      return checked;
    } catch {
      return undefined;
    }
  };
  const [preprocessing, labels] = [field('preprocessing'), field('labels')];
  return {
    ...(preprocessing === undefined ? {} : { preprocessing }),
    ...(labels === undefined ? {} : { labels }),
  } as Partial<ModelSettings>;
}
