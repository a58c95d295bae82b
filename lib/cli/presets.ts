import type { Json } from '../json.js';
import { UsageError } from './command.js';

/** Ways in which well-known networks want their pictures, as `preprocessing` of a model. */
const presets: ReadonlyMap<string, Json> = new Map<string, Json>([
  // torchvision: the shorter side to 256 of 224, the middle cut out, mean and deviation of ImageNet's channels.
  [
    'imagenet',
    { kind: 'image', resize: 256, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], scale: 1 / 255 },
  ],
  // Keras' MobileNet and Inception: -1 to 1.
  ['tf', { kind: 'image', scale: 1 / 127.5, mean: 1, std: 1 }],
  // The whole range of a pixel as 0..1.
  ['unit', { kind: 'image', scale: 1 / 255 }],
  // MNIST: see preprocess.ts.
  ['digit', { kind: 'digit', box: 20 }],
]);

/** The option --preset, where it was given. */
export function presetOf(name: string | undefined): Json | undefined {
  if (name === undefined) return undefined;
  const found = presets.get(name);
  if (found !== undefined) return found;
  throw new UsageError(
    `expected --preset to be one of ${[...presets.keys()].join(', ')}, got ${JSON.stringify(name)}`,
  );
}

export const presetNames: readonly string[] = [...presets.keys()];
