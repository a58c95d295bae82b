import { OptionError } from '../errors.js';
import { bodyOf, type Layer } from '../layers/layer.js';
import { list, readOptions } from '../options.js';
import { type Model, makeModel } from './face.js';
import { type Network, networkBuilder } from './network.js';
import { type ModelOptions, modelOptionNames, modelSettings } from './options.js';
import { type Origin, originOfModel, register } from './origin.js';

export interface SequentialOptions extends ModelOptions {
  /** The first one has an `inputShape`. */
  readonly layers?: readonly Layer[] | undefined;
}

/** A model whose layers follow one another. */
export interface Sequential extends Model {
  /** Appends a layer, until the model's first use (weights, predictions, saving). Gives the model itself. */
  add(layer: Layer): Sequential;
}

/**
 * A model of layers one after the other. Everything about the layers is checked at once: errors name the layer,
 * `layer 3 (conv2d "conv2d_2"): ...`. The input is called `input_1`, the output is named after the last layer.
 * Throws ShapeError or OptionError.
 */
export function sequential(options: SequentialOptions = {}): Sequential {
  const who = 'sequential';
  const given = readOptions(who, options, ['layers', ...modelOptionNames]);
  const settings = modelSettings(who, given);
  let builder = networkBuilder(who);
  let last: number | undefined;
  let finished: Network | undefined;
  let sealed = false;

  const append = (layer: unknown): void => {
    bodyOf(who, `layer ${last === undefined ? 0 : last}`, layer);
    if (last === undefined) {
      const { type, inputShape } = layer as Layer;
      if (!inputShape) {
        throw new OptionError(
          `${who}: layer 0 (${type}): expected inputShape on the first layer, got undefined`,
        );
      }
      // A first layer that does not fit leaves no input behind.
      const fresh = networkBuilder(who);
      last = fresh.apply(layer, [fresh.input(undefined, inputShape)]);
      builder = fresh;
    } else {
      last = builder.apply(layer, [last]);
    }
    finished = undefined;
  };
  const network = (): Network => {
    finished ??= builder.finish(last === undefined ? [] : [last]);
    return finished;
  };
  const base = makeModel({
    network,
    seal() {
      sealed = true;
    },
    settings,
  });
  const model: Sequential = Object.freeze(
    Object.defineProperties({} as Sequential, {
      ...Object.getOwnPropertyDescriptors(base),
      add: {
        enumerable: true,
        value(layer: Layer) {
          if (sealed)
            throw new OptionError(`${who}: expected add before the first use of the model, got it after`);
          append(layer);
          return model;
        },
      },
    }),
  );
  register(model, originOfModel(base) as Origin);
  if (given.layers !== undefined) {
    for (const layer of list(who, 'layers', given.layers, 'an array of layers')) append(layer);
    network();
  }
  return model;
}
