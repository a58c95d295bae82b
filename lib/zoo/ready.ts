import { OptionError, ShapeError, show } from '../errors.js';
import { checkInputShape, type SymbolicTensor, symbolicInput } from '../layers/layer.js';
import type { Model } from '../model/face.js';
import { connected } from '../model/model.js';
import { type ModelOptions, modelOptionNames, modelSettings } from '../model/options.js';
import { finite, type Options, positiveInteger, readOptions } from '../options.js';
import { showShape } from '../tensor.js';

/** What every architecture of the zoo takes: these two, and the options of a model (`seed` draws the weights). */
export interface ZooOptions extends ModelOptions {
  /** [height, width, channels] of an image: [224, 224, 3], LeNet-5 [28, 28, 1]. */
  readonly inputShape?: readonly number[] | undefined;
  /** Length of the answer: 1000, LeNet-5 10. */
  readonly classes?: number | undefined;
}

export interface AlphaOptions extends ZooOptions {
  /** Multiplies the channels of every layer: 1. */
  readonly alpha?: number | undefined;
}

export type Image = readonly [height: number, width: number, channels: number];

const common = ['inputShape', 'classes', ...modelOptionNames] as const;

/** What an architecture is built from: its input, and its options; those of its own are not checked yet. */
export interface Order<K extends string> {
  readonly x: SymbolicTensor;
  readonly inputShape: Image;
  readonly classes: number;
  readonly given: Options<K>;
}

/** What an architecture is: its own options, its input and classes where nothing is said, and its layers. */
export interface Recipe<K extends string> {
  readonly own?: readonly K[];
  readonly inputShape?: Image;
  readonly classes?: number;
  build(order: Order<K>): SymbolicTensor;
}

/**
 * Checks the options and builds the model.
 * Throws OptionError for an option that breaks its rule, and ShapeError where the image is too small for the layers.
 */
export function ready<K extends string = never>(who: string, options: unknown, recipe: Recipe<K>): Model {
  const { own = [], inputShape = [224, 224, 3], classes = 1000, build } = recipe;
  const given = readOptions<K | (typeof common)[number]>(who, options, [...own, ...common]);
  const image = given.inputShape === undefined ? inputShape : readImage(who, given.inputShape);
  const units = positiveInteger(who, 'classes', given.classes, classes);
  const settings = modelSettings(who, given);
  try {
    const x = symbolicInput(undefined, image);
    const y = build({ x, inputShape: image, classes: units, given });
    return connected(who, [x], [y], settings);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${who} of ${units} classes on ${showShape(image)}: ${error.message}`);
  }
}

function readImage(who: string, value: unknown): Image {
  const shape = checkInputShape(who, value);
  if (shape.length === 3) return shape as unknown as Image;
  throw new OptionError(`${who}: expected inputShape to be [height, width, channels], got ${show(value)}`);
}

/** Below it, MobileNet's first layer of 32 channels would have none. */
const leastAlpha = 1 / 32;

export function readAlpha(who: string, value: unknown): number {
  const alpha = finite(who, 'alpha', value, 1);
  if (alpha >= leastAlpha) return alpha;
  throw new OptionError(`${who}: expected alpha to be at least ${leastAlpha}, got ${show(value)}`);
}
