import { show } from '../errors.js';
import { type Entry, type Fail, failing, type Header } from '../formats/safetensors.js';
import { readFloats } from '../formats/safetensors-data.js';
import { readSafetensors } from '../formats/safetensors-file.js';
import { turn } from '../formats/whole-file.js';
import { expected, readOptions } from '../options.js';
import { asBytes } from '../tensor.js';
import { networkFrom } from './architecture.js';
import { type Model, makeModel } from './face.js';
import type { Network } from './network.js';
import { type ModelOptions, type ModelSettings, modelOptionNames, modelSettings } from './options.js';
import { filePath, formatVersion } from './save.js';
import { storedWeights } from './stored-weights.js';

const who = 'load';

/**
 * Reads a model that `save` or `toBytes` made. Everything in the file is checked before memory is taken for weights;
 * options given here go before what the file says (preprocessing, labels).
 * Throws a ModelFileError that names the file and the broken rule.
 */
export async function load(from: string | URL | Uint8Array, options: ModelOptions = {}): Promise<Model> {
  const given = readOptions(who, options, modelOptionNames);
  const settings = modelSettings(who, given);
  const bytes = asBytes(from);
  if (!bytes && typeof from !== 'string' && !(from instanceof URL)) {
    throw expected(who, 'the model', 'a path, a file URL or a Uint8Array', from);
  }
  const place = bytes ?? (await filePath(who, from));
  const fail = failing(who, typeof place === 'string' ? show(place) : `${place.length} bytes`);
  const { header, checked, data } = await readSafetensors(place, fail, (header) =>
    describe(header, settings, fail),
  );
  const made = await finish(header, checked, data, fail);
  if (bytes) await turn();
  return made;
}

interface Described {
  /** Undefined where the file holds a graph: its JSON is read when the numbers are there. */
  readonly network: Network | undefined;
  readonly architecture: unknown;
  readonly settings: ModelSettings;
}

/** What the metadata say, checked against the tensors that are there. */
function describe({ entries, metadata }: Header, settings: ModelSettings, fail: Fail): Described {
  if (metadata.get('format') !== 'neocog') {
    fail('expected a model saved by neocog, got tensors without an architecture (weights only?)');
  }
  const version = metadata.get('formatVersion') ?? '';
  if (!/^[1-9]\d{0,8}$/.test(version)) fail(`expected a format version, got ${show(version)}`);
  if (Number(version) > formatVersion) {
    fail(
      `expected format version ${formatVersion} or earlier, got ${version}: a later version of neocog wrote it`,
    );
  }
  const architecture = parse('architecture', metadata, fail);
  const network = isGraph(architecture) ? undefined : networkFrom(architecture, fail);
  if (network) storedWeights(network.weights, entries, fail);
  const given = {
    preprocessing: settings.preprocessing ?? parse('preprocessing', metadata, fail),
    labels: settings.labels ?? parse('labels', metadata, fail),
  };
  try {
    const { preprocessing, labels } = modelSettings('metadata', given);
    return { network, architecture, settings: { ...settings, preprocessing, labels } };
  } catch (error) {
    return fail((error as Error).message);
  }
}

/** What `save` wrote for a graph from a file, and not for layers. */
function isGraph(architecture: unknown): boolean {
  return (
    typeof architecture === 'object' &&
    architecture !== null &&
    Object.hasOwn(architecture, 'kind') &&
    (architecture as { kind: unknown }).kind === 'graph'
  );
}

function parse(name: string, metadata: Header['metadata'], fail: Fail): unknown {
  const text = metadata.get(name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`expected the metadata's ${name} to be JSON: ${(error as Error).message}`);
  }
}

async function finish(
  { entries }: Header,
  { network, architecture, settings }: Described,
  data: Uint8Array,
  fail: Fail,
): Promise<Model> {
  if (!network) {
    const { graphFrom } = await import('./onnx/load-graph.js');
    return graphFrom(architecture, entries, data, settings, fail);
  }
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  const initial = network.weights.map(({ name }) => readFloats(data, found.get(name) as Entry));
  return makeModel({ network: () => network, settings, initial });
}
