import { OptionError, show } from '../errors.js';
import { type Model, type Tensor, tensor } from '../index.js';
import { originOfModel } from '../model/origin.js';

/** A model that names what one picture shows, whatever the order of its axes. */
export interface ImageModel {
  /** [height, width, channels] of the picture. */
  readonly shape: readonly [number, number, number];
  readonly classes: number | undefined;
  /** The numbers of a picture, channels last, as the model's input. */
  input(picture: Float32Array): Tensor;
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
  const [{ shape: output }] = outputs;
  const graph = isGraph(net);
  const lengths = graph ? input.slice(1) : input;
  if (lengths.length !== 3 || dtype !== 'float32') {
    throw new OptionError(`expected a model of pictures, got one with the input ${show(input)} of ${dtype}`);
  }
  const first = graph && isChannels(lengths[0]) && !isChannels(lengths[2]);
  const [h, w, c] = first ? [lengths[1], lengths[2], lengths[0]] : lengths;
  const shape = [h > 0 ? h : usualSize, w > 0 ? w : usualSize, c] as const;
  const size = (graph ? output.slice(1) : output).reduce((product, length) => product * length, 1);
  return {
    shape,
    classes: size > 0 ? size : undefined,
    input: (picture) =>
      first
        ? tensor(planes(picture, shape), [1, shape[2], shape[0], shape[1]])
        : tensor(picture, [1, ...shape]),
  };
}

/** Graphs from files count the batch among their axes. */
function isGraph(net: Model): boolean {
  return originOfModel(net)?.kind === 'graph';
}

function isChannels(length: number): boolean {
  return length === 1 || length === 3;
}

/** [h, w, c] -> [c, h, w] */
function planes(picture: Float32Array, [h, w, c]: readonly [number, number, number]): Float32Array {
  const out = new Float32Array(picture.length);
  for (let i = 0; i < h * w; i++) for (let k = 0; k < c; k++) out[k * h * w + i] = picture[i * c + k];
  return out;
}
