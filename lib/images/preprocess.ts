import { ModelFileError, OptionError, show } from '../errors.js';
import { digitInput, inkOf } from './digit.js';
import { type Encoded, type Hold, readCovering, readGray } from './picture.js';

/**
 * How a picture becomes a model's input: the model's `preprocessing`, plain JSON kept in its file.
 *
 * `digit`: a handwritten sign on plain, evenly lit paper, of any size and either polarity, as the MNIST digits were
 * made: the ink's bounding box scaled to `box` (20) cells, centred by its mass, ink 1 and paper 0.
 *
 * `image`: the shorter side scaled to `resize` pixels (default: the picture just covers the input), the middle cut out,
 * then `(pixel * scale - mean) / std` per channel; `scale` is 1/255, `mean` 0 and `std` 1 by default.
 */
export type Preprocessing =
  | { readonly kind: 'digit'; readonly box: number }
  | {
      readonly kind: 'image';
      readonly resize?: number;
      readonly scale: number;
      readonly mean: readonly number[];
      readonly std: readonly number[];
    };

/** Pictures are scaled down to this before the ink is looked for: far more than a digit needs. */
const longest = 1024;

/** The preprocessing that a model's file asks for, checked; without one a picture becomes 0..1. */
export function readPreprocessing(json: unknown, shape: readonly number[]): Preprocessing {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || !(height > 0 && width > 0) || (channels !== 1 && channels !== 3)) {
    throw new OptionError(
      `predict: expected a model with an input [height, width, 1 or 3], got ${show(shape)}`,
    );
  }
  if (json !== undefined && (typeof json !== 'object' || json === null || Array.isArray(json))) {
    throw new ModelFileError(`preprocessing: expected an object, got ${show(json)}`);
  }
  const given = new Map<string, unknown>(Object.entries(json ?? {}));
  const wrong = (name: string, rule: string) =>
    new ModelFileError(`preprocessing: expected ${name} to be ${rule}, got ${show(given.get(name))}`);
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

  const kind = given.get('kind') ?? 'image';
  if (kind === 'digit') {
    const box = given.get('box') ?? 20;
    const size = Math.min(height, width);
    if (height !== width || channels !== 1) {
      throw new ModelFileError(
        `preprocessing: kind "digit" needs a square input with 1 channel, got ${show(shape)}`,
      );
    }
    if (!isNumber(box) || !Number.isInteger(box) || box < 1 || box > size) {
      throw wrong('box', `an integer from 1 to ${size}`);
    }
    return { kind, box };
  }
  if (kind !== 'image') throw wrong('kind', '"digit" or "image"');

  const list = (name: string, fallback: number, allowed: (value: number) => boolean, rule: string) => {
    const value = given.get(name) ?? fallback;
    const all: unknown[] = Array.isArray(value) ? value : Array(channels).fill(value);
    if (all.length !== channels || !all.every((one) => isNumber(one) && allowed(one))) {
      throw wrong(name, `${rule}, or ${channels} of them`);
    }
    return all as number[];
  };
  const mean = list('mean', 0, () => true, 'a number');
  const std = list('std', 1, (value) => value > 0, 'a positive number');
  const scale = given.get('scale') ?? 1 / 255;
  if (!isNumber(scale)) throw wrong('scale', 'a number');
  const resize = given.get('resize');
  if (resize === undefined) return { kind, scale, mean, std };
  const least = Math.min(height, width);
  if (!isNumber(resize) || !Number.isInteger(resize) || resize < least || resize > 16384) {
    throw wrong('resize', `an integer from ${least} to 16384`);
  }
  return { kind, resize, scale, mean, std };
}

/** An encoded picture as the values of one input of `shape` [height, width, channels]. */
export async function readInput(
  file: Encoded,
  how: Preprocessing,
  shape: readonly number[],
  hold?: Hold,
): Promise<Float32Array> {
  const [height, width, channels] = shape;
  if (how.kind === 'digit') {
    const { alpha, data, ...size } = await readGray(file, longest, hold);
    const on = (paper: number) => ({
      ...size,
      data: data.map((value, i) => Math.round((value * alpha[i] + paper * (255 - alpha[i])) / 255)),
    });
    // What is transparent is white paper, unless the ink itself is white.
    const white = on(255);
    return digitInput(inkOf(white) === undefined ? on(0) : white, height, how.box);
  }

  const zoom = how.resize === undefined ? 1 : how.resize / Math.min(height, width);
  const picture = await readCovering(
    file,
    [Math.round(width * zoom), Math.round(height * zoom)],
    channels as 1 | 3,
    hold,
  );
  const left = (picture.width - width) >> 1;
  const top = (picture.height - height) >> 1;
  const out = new Float32Array(height * width * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((y + top) * picture.width + x + left) * picture.channels;
      for (let c = 0; c < channels; c++)
        out[to++] = (picture.data[from + c] * how.scale - how.mean[c]) / how.std[c];
    }
  }
  return out;
}
