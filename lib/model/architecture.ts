import { ModelFileError, NeocogError, show } from '../errors.js';
import type { Json } from '../json.js';
import { layers as makers } from '../layers/index.js';
import { checkInputShape, checkName, type Layer } from '../layers/layer.js';
import { type Network, networkBuilder } from './network.js';

/**
 * A network as JSON, as files hold it. `applications` are in the order in which they run, [layer, source, ...]; sources
 * count the inputs first, then the applications.
 */
export interface Architecture {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly layers: readonly {
    readonly type: string;
    readonly name: string;
    readonly options: Readonly<Record<string, Json>>;
  }[];
  readonly applications: readonly (readonly number[])[];
  readonly outputs: readonly number[];
}

export function architectureOf({ inputs, layers, applications, outputs }: Network): Architecture {
  return {
    inputs: inputs.map(({ name, shape }) => ({ name, shape })),
    layers: layers.map(({ name, layer: { type, options } }) => ({ type, name, options })),
    applications: applications.map(({ layer, sources }) => [layer, ...sources]),
    outputs: outputs.map(({ source }) => source),
  };
}

/** The network that untrusted JSON describes; every rule for layers written by hand holds here too. */
export function networkFrom(json: unknown, fail: (rule: string) => never): Network {
  const whole = fields('architecture', json, fail);
  const part = (name: string): readonly unknown[] => {
    const value = whole(name);
    return Array.isArray(value)
      ? value
      : fail(`expected the architecture's ${name} to be an array, got ${show(value)}`);
  };
  try {
    const builder = networkBuilder('architecture');
    const layers = part('layers').map((layer, i) => layerFrom(`layer ${i}`, layer, fail));
    const inputs = part('inputs').map((item, i) => {
      const input = fields(`input ${i}`, item, fail);
      return builder.input(
        checkName(`input ${i}`, input('name')),
        checkInputShape(`input ${i}`, input('shape'), 'shape'),
      );
    });
    let made = inputs.length;
    const below = (limit: number, value: unknown): number =>
      Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit
        ? (value as number)
        : fail(`expected an index below ${limit} in the architecture, got ${show(value)}`);
    for (const [i, application] of part('applications').entries()) {
      if (!Array.isArray(application))
        fail(`expected application ${i} to be an array, got ${show(application)}`);
      const [layer, ...sources] = application as unknown[];
      const known = layers[below(layers.length, layer)];
      builder.apply(
        known,
        sources.map((source) => below(made, source)),
      );
      made++;
    }
    const outputs = part('outputs').map((source) => below(made, source));
    if (outputs.length === 0) fail('expected one output or more in the architecture, got none');
    return builder.finish(outputs);
  } catch (error) {
    if (error instanceof ModelFileError || !(error instanceof NeocogError)) throw error;
    return fail(`architecture: ${error.message}`);
  }
}

function layerFrom(who: string, json: unknown, fail: (rule: string) => never): Layer {
  const layer = fields(who, json, fail);
  const [type, name, options] = [layer('type'), layer('name'), layer('options')];
  if (typeof type !== 'string' || !Object.hasOwn(makers, type)) {
    return fail(`${who}: expected a type that this version knows, got ${show(type)}`);
  }
  const make = makers[type as keyof typeof makers] as unknown as (options: object) => Layer;
  // Entries keep their own names here, even `__proto__`, so that unknown ones are refused.
  const given = typeof options === 'object' && options !== null ? Object.entries(options) : [];
  return make(Object.fromEntries([...given, ['name', checkName(who, name)]]));
}

/** Reads own fields of a JSON object. */
function fields(who: string, json: unknown, fail: (rule: string) => never): (name: string) => unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return fail(`${who}: expected an object, got ${show(json)}`);
  }
  return (name) => (Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : undefined);
}
