import { show } from '../../errors.js';
import { inOrder } from '../order.js';
import type { Fail } from '../safetensors.js';
import { readCalls, readPlaces } from './inbound.js';
import { isObject, type JsonObject, jsonObject } from './json-object.js';

/** A layer as Keras describes it. */
export interface KerasLayer {
  /** `Conv2D` */
  readonly type: string;
  readonly name: string;
  readonly config: JsonObject;
  /** Written by Keras 3, where some defaults differ. */
  readonly keras3: boolean;
}

/** A layer applied to places; its own place is `name`. */
export interface KerasCall {
  readonly layer: KerasLayer;
  readonly sources: readonly string[];
  readonly place: string;
}

/** A model of layers: places are made by inputs and calls, which are in an order in which they can run. */
export interface Topology {
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly unknown[];
    readonly place: string;
  }[];
  readonly calls: readonly KerasCall[];
  readonly outputs: readonly string[];
}

const maxLayers = 100_000;

/** Reads `modelTopology`: Sequential and Functional models as Keras 2, Keras 3 and tfjs write them. */
export function readTopology(json: unknown, fail: Fail): Topology {
  const outer = jsonObject('modelTopology', json, fail);
  const whole = outer.get('model_config') === undefined ? outer : outer.object('model_config');
  const version = outer.get('keras_version') ?? whole.get('keras_version');
  const keras3 = typeof version === 'string' && /^3\b/.test(version);
  const type = whole.text('class_name');
  const config = whole.get('config');
  if (type === 'Sequential') return sequential(config, keras3, fail);
  if (type === 'Functional' || type === 'Model') return functional(config, keras3, fail);
  return fail(`expected a Sequential or Functional model, got class ${show(type)}`);
}

function readLayers(list: readonly unknown[], keras3: boolean, fail: Fail) {
  if (list.length > maxLayers) fail(`expected ${maxLayers} layers at most, got ${list.length}`);
  const names = new Set<string>();
  return list.map((item, i) => {
    const json = jsonObject(`layer ${i}`, item, fail);
    const type = json.text('class_name');
    const inner = json.object('config');
    const given = inner.get('name') ?? json.get('name');
    if (typeof given !== 'string') return inner.fail(`expected name to be a text, got ${show(given)}`);
    if (names.has(given)) inner.fail(`expected a name of its own, got ${show(given)} again`);
    names.add(given);
    const config = jsonObject(`layer ${i} (${type} ${show(given)})`, json.get('config'), fail);
    return { json, layer: { type, name: given, config, keras3 } };
  });
}

function sequential(config: unknown, keras3: boolean, fail: Fail): Topology {
  // Until 2018 the configuration was the list of layers itself.
  const list = Array.isArray(config) ? config : jsonObject('modelTopology', config, fail).list('layers');
  const layers = readLayers(list, keras3, fail).map(({ layer }) => layer);
  const [first] = layers;
  if (!first) return fail('expected one layer or more, got none');
  const built = isObject(config)
    ? jsonObject('modelTopology', config, fail).get('build_input_shape')
    : undefined;
  const shape = inputShape(first, built);
  const isInput = first.type === 'InputLayer';
  const input = { name: isInput ? first.name : `${first.name}_input`, shape, place: 'input' };
  const rest = isInput ? layers.slice(1) : layers;
  const calls = rest.map((layer, i) => ({
    layer,
    sources: [i === 0 ? input.place : `${i - 1}`],
    place: `${i}`,
  }));
  return { inputs: [input], calls, outputs: [calls.at(-1)?.place ?? input.place] };
}

/** The shape of one sample. */
function inputShape({ config }: KerasLayer, built?: unknown): readonly unknown[] {
  const shape = config.get('batch_shape') ?? config.get('batch_input_shape') ?? built;
  if (Array.isArray(shape) && shape.length > 1) return shape.slice(1);
  return config.fail(`expected batch_input_shape to be [batch, ...], got ${show(shape)}`);
}

function functional(config: unknown, keras3: boolean, fail: Fail): Topology {
  const whole = jsonObject('modelTopology', config, fail);
  const read = readLayers(whole.list('layers'), keras3, fail);
  const inputs = read
    .filter(({ layer }) => layer.type === 'InputLayer')
    .map(({ layer }) => ({ name: layer.name, shape: inputShape(layer), place: placeOf(layer.name, 0) }));
  const calls = read
    .filter(({ layer }) => layer.type !== 'InputLayer')
    .flatMap(({ json, layer }) =>
      readCalls(json.list('inbound_nodes'), layer.config.fail).map((places, node) => ({
        layer,
        sources: places.map((place) => placeOf(place.layer, place.node)),
        place: placeOf(layer.name, node),
      })),
    );
  const known = new Set([...inputs, ...calls].map(({ place }) => place));
  const check = (place: string, who: Fail): string =>
    known.has(place) ? place : who(`expected the call of a layer, got ${show(place)}`);
  for (const { layer, sources } of calls) for (const source of sources) check(source, layer.config.fail);
  const ordered = inOrder(
    calls.map((call) => ({
      ...call,
      op: call.layer.type,
      name: call.layer.name,
      inputs: call.sources,
      outputs: [call.place],
    })),
    fail,
  );
  const places = (name: string): string[] =>
    readPlaces(whole.list(name), whole.fail).map(({ layer, node }) =>
      check(placeOf(layer, node), whole.fail),
    );
  const wanted = places('input_layers');
  const inOwnOrder = wanted.map((place) => inputs.find((input) => input.place === place));
  const found = inOwnOrder.filter((input) => input !== undefined);
  if (found.length !== wanted.length || new Set(wanted).size !== inputs.length) {
    whole.fail('expected input_layers to name every InputLayer once');
  }
  const outputs = places('output_layers');
  if (outputs.length === 0) whole.fail('expected one output or more, got none');
  return { inputs: found, calls: ordered, outputs };
}

/** `0:conv`: what the first call of a layer gives. */
function placeOf(layer: string, node: number): string {
  return `${node}:${layer}`;
}
