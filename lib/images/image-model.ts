import { OptionError } from '../errors.js';
import type { Model, ModelPort } from '../model/face.js';
import { originOfModel } from '../model/origin.js';
import { type Tensor, tensor } from '../tensor.js';

/** A model that names what one picture shows, whatever the order of its axes. */
export interface ImageModel {
  /** [height, width, channels] of the picture. */
  readonly shape: readonly [number, number, number];
  readonly classes: number | undefined;
  /** Whether the model takes any number of pictures at once, or one only, as its file says. */
  readonly batches: boolean;
  /** The numbers of one picture or more, channels last, as the model's input: a batch of them. */
  input(...pictures: readonly Float32Array[]): Tensor;
}

/** What a network of images usually takes where its file leaves the size free. */
const usualSize = 224;

/** Throws an OptionError for models of any other kind. */
export function imageModel(net: Model): ImageModel {
  const { inputs, outputs } = net;
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new OptionError(
      `expected a model with one input and one output, got ${inputs.length} and ${outputs.length}`,
    );
  }
  const [{ shape: input, dtype }] = inputs;
  const graph = isGraph(net);
  const lengths = graph ? input.slice(1) : input;
  if (lengths.length !== 3 || dtype !== 'float32') {
    throw new OptionError(
      `expected a model of pictures, got one with the input ${portShape(inputs[0])} ${dtype}`,
    );
  }
  const first = graph && isChannels(lengths[0]) && !isChannels(lengths[2]);
  const [h, w, c] = first ? [lengths[1], lengths[2], lengths[0]] : lengths;
  const shape = [h > 0 ? h : usualSize, w > 0 ? w : usualSize, c] as const;
  if (longLengths(net, outputs[0]).length > 1) {
    throw new OptionError(
      `expected a model with one number for each class, got the output ${portShape(outputs[0])}`,
    );
  }
  return {
    shape,
    classes: classesOf(net),
    batches: !graph || input[0] < 0,
    input: (...pictures) => {
      const all = joined(first ? pictures.map((picture) => planes(picture, shape)) : pictures);
      const [h, w, c] = shape;
      return tensor(all, first ? [pictures.length, c, h, w] : [pictures.length, h, w, c]);
    },
  };
}

/** How many classes the only output tells apart; undefined where it is no list of numbers, or its length is free. */
export function classesOf(net: Model): number | undefined {
  const [output, another] = net.outputs;
  if (output === undefined || another !== undefined) return undefined;
  const lengths = longLengths(net, output);
  return lengths.length === 1 ? lengths[0] : undefined;
}

/** The known lengths above 1, without the batch. */
function longLengths(net: Model, { shape }: ModelPort): readonly number[] {
  return (isGraph(net) ? shape.slice(1) : shape).filter((length) => length > 1);
}

/** A shape as the model has it, with `n` for a free batch and `?` for other free lengths: `[n, 3, 224, 224]`. */
export function portShape({ shape }: ModelPort): string {
  return `[${shape.map((length, axis) => (length >= 0 ? length : axis === 0 ? 'n' : '?')).join(', ')}]`;
}

/** Graphs from files count the batch among their axes. */
function isGraph(net: Model): boolean {
  return originOfModel(net)?.kind === 'graph';
}

function isChannels(length: number): boolean {
  return length === 1 || length === 3;
}

/** Arrays of one length, one after the other; a single one is not copied. */
function joined(arrays: readonly Float32Array[]): Float32Array {
  const [first] = arrays;
  if (arrays.length === 1) return first;
  const all = new Float32Array(arrays.length * first.length);
  for (const [i, array] of arrays.entries()) all.set(array, i * first.length);
  return all;
}

/** [h, w, c] -> [c, h, w] */
function planes(picture: Float32Array, [h, w, c]: readonly [number, number, number]): Float32Array {
  const out = new Float32Array(picture.length);
  for (let i = 0; i < h * w; i++) for (let k = 0; k < c; k++) out[k * h * w + i] = picture[i * c + k];
  return out;
}
