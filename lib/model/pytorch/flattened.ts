import { sizeOf } from '../../tensor.js';
import type { Network } from '../network.js';

/** Height, width and channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * For layers that read a flattened image, its shape: their weights count its numbers in our order (channels last), while
 * PyTorch's have the channels first. Layers that keep the shape pass it on, so that a dropout may stand between.
 */
export function flattenedFrom({ inputs, layers, applications }: Network): ReadonlyMap<number, ImageShape> {
  const shapes = [...inputs.map(({ shape }) => shape), ...applications.map(({ outputShape }) => outputShape)];
  const images: (ImageShape | undefined)[] = inputs.map(() => undefined);
  const found = new Map<number, ImageShape>();
  for (const { layer, sources, outputShape } of applications) {
    const [source = 0] = sources;
    const type = layers[layer]?.layer.type;
    const before = images[source];
    if (before && sources.length === 1 && !found.has(layer)) found.set(layer, before);
    const from = shapes[source] ?? [];
    const flat = outputShape.length === 1 && outputShape[0] === sizeOf(from);
    const [height = 0, width = 0, channels = 0] = from;
    if (sources.length !== 1 || !flat || type === 'dense') images.push(undefined);
    else if (from.length === 1) images.push(before);
    else images.push(from.length === 3 ? [height, width, channels] : undefined);
  }
  return found;
}
