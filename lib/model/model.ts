import { OptionError, show } from '../errors.js';
import {
  checkInputShape,
  checkName,
  type Origin,
  originOf,
  type SymbolicTensor,
  symbolicInput,
} from '../layers/layer.js';
import { isList, list, readOptions } from '../options.js';
import { type Model, makeModel } from './face.js';
import { type Network, networkBuilder } from './network.js';
import { type ModelOptions, type ModelSettings, modelOptionNames, modelSettings } from './options.js';

export interface InputOptions {
  /** The shape of one sample, without the batch. */
  readonly shape: readonly number[];
  /** `input_<n>` where it has none. */
  readonly name?: string | undefined;
}

/** An input of a functional model, to which layers are applied: `layers.conv2d({...}).apply(input({ shape }))`. */
export function input(options: InputOptions): SymbolicTensor {
  const { shape, name } = readOptions('input', options, ['shape', 'name']);
  return symbolicInput(
    name === undefined ? undefined : checkName('input', name),
    checkInputShape('input', shape, 'shape'),
  );
}

export interface FunctionalOptions extends ModelOptions {
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
}

/**
 * A model of layers connected by `apply`, from `inputs` to `outputs`. Layers are numbered and named in the order in
 * which they were applied; a layer applied twice has its weights once. Outputs are named after their layers.
 * Throws ShapeError or OptionError, with the layer's path where a layer is concerned.
 */
export function model(options: FunctionalOptions): Model {
  const who = 'model';
  const given = readOptions(who, options, ['inputs', 'outputs', ...modelOptionNames]);
  const settings = modelSettings(who, given);
  return connected(who, ends(who, 'inputs', given.inputs), ends(who, 'outputs', given.outputs), settings);
}

/** The model between these ends; `who` begins errors that belong to no layer. */
export function connected(
  who: string,
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
  settings: ModelSettings,
): Model {
  const network = connect(who, inputs, outputs);
  return makeModel({ network: () => network, settings });
}

function ends(who: string, name: string, value: unknown): SymbolicTensor[] {
  const all = isList(value) ? list(who, name, value) : [value];
  if (all.length === 0) throw new OptionError(`${who}: expected one of ${name} or more, got none`);
  for (const [i, item] of all.entries()) originOf(who, isList(value) ? `${name}[${i}]` : name, item);
  const again = all.findIndex((item, i) => all.indexOf(item) < i);
  if (again >= 0)
    throw new OptionError(`${who}: expected every one of ${name} once, got ${name}[${again}] again`);
  return all as SymbolicTensor[];
}

function connect(
  who: string,
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
): Network {
  const builder = networkBuilder(who);
  const sources = new Map<SymbolicTensor, number>();
  for (const [i, item] of inputs.entries()) {
    const origin = originOf(who, `inputs[${i}]`, item);
    if ('layer' in origin)
      throw new OptionError(`${who}: expected inputs[${i}] to be made by input(), got a layer's output`);
    sources.set(item, builder.input(origin.name, origin.shape));
  }
  const reached = reach(who, outputs);
  for (const [i, item] of inputs.entries()) {
    if (!reached.has(item))
      throw new OptionError(`${who}: expected inputs[${i}] to lead to an output, got one that does not`);
  }
  // Whatever a layer is applied to was made before: by age, everything comes after its sources.
  const byAge = [...reached].sort(([, a], [, b]) => a.serial - b.serial);
  for (const [item, origin] of byAge) {
    if (sources.has(item)) continue;
    if (!('layer' in origin)) {
      const name = origin.name === undefined ? `of shape ${show(origin.shape)}` : show(origin.name);
      throw new OptionError(
        `${who}: expected all inputs that the outputs need, got none for the input ${name}`,
      );
    }
    const from = origin.inputs.map((source) => sources.get(source) as number);
    sources.set(item, builder.apply(origin.layer, from));
  }
  return builder.finish(outputs.map((item) => sources.get(item) as number));
}

/** Everything that the outputs are made of. */
function reach(who: string, outputs: readonly SymbolicTensor[]): Map<SymbolicTensor, Origin> {
  const reached = new Map<SymbolicTensor, Origin>();
  const waiting = [...outputs];
  for (let item = waiting.pop(); item; item = waiting.pop()) {
    if (reached.has(item)) continue;
    const origin = originOf(who, 'outputs', item);
    reached.set(item, origin);
    if ('layer' in origin) for (const source of origin.inputs) waiting.push(source);
  }
  return reached;
}
