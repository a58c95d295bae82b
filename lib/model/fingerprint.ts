import { OptionError } from '../errors.js';
import type { Model } from './face.js';
import { graphParts } from './onnx/save-graph.js';
import { originOfModel } from './origin.js';
import { networkParts } from './save.js';

/** SHA-256 of the file that `save` would write: architecture, weights, preprocessing and labels. Text in hexadecimal. */
export async function fingerprint(model: Model): Promise<string> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for (const part of partsOf(model)) hash.update(part);
  return hash.digest('hex');
}

function partsOf(model: Model): readonly Uint8Array[] {
  const origin = originOfModel(model);
  if (origin?.kind === 'network') return networkParts(origin.network(), origin.arrays(), origin.settings);
  if (origin === undefined) throw new OptionError('fingerprint: expected a model of this package');
  const file = origin.file();
  return graphParts(file, file.initializers, origin.settings);
}
