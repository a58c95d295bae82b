import { ModelFileError, show } from '../errors.js';
import {
  type Entry,
  type Fail,
  failing,
  type Header,
  headerLength,
  parseHeader,
  prefixBytes,
} from '../formats/safetensors.js';
import { isFloat, readFloats } from '../formats/safetensors-data.js';
import { expected, readOptions } from '../options.js';
import { asBytes, sameShape, showShape } from '../tensor.js';
import { networkFrom } from './architecture.js';
import { type Model, makeModel } from './face.js';
import type { Network } from './network.js';
import { type ModelOptions, type ModelSettings, modelOptionNames, modelSettings } from './options.js';
import { filePath, formatVersion } from './save.js';

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
  if (bytes) return fromBytes(bytes, settings);
  if (typeof from !== 'string' && !(from instanceof URL)) {
    throw expected(who, 'the model', 'a path, a file URL or a Uint8Array', from);
  }
  return fromFile(await filePath(who, from), settings);
}

async function fromBytes(bytes: Uint8Array, settings: ModelSettings): Promise<Model> {
  const fail = failing(who, `${bytes.length} bytes`);
  const length = headerLength(bytes, bytes.length, fail);
  const header = parseHeader(bytes.slice(prefixBytes, prefixBytes + length), bytes.length, fail);
  const described = describe(header, settings, fail);
  // A copy: the model must not change when the caller reuses the bytes.
  return finish(header, described, bytes.slice(header.dataStart), fail);
}

async function fromFile(path: string, settings: ModelSettings): Promise<Model> {
  const fail = failing(who, show(path));
  const { constants, promises } = await import('node:fs');
  try {
    // A pipe without a writer would block the opening for ever.
    const file = await promises.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await file.stat();
      if (!stat.isFile()) fail('expected a regular file');
      const read = async (target: Uint8Array, position: number): Promise<Uint8Array> => {
        for (let done = 0; done < target.length; ) {
          const wanted = Math.min(target.length - done, 2 ** 30);
          const { bytesRead } = await file.read(target, done, wanted, position + done);
          if (bytesRead === 0)
            fail(`expected ${stat.size} bytes, got fewer: did the file change while it was read?`);
          done += bytesRead;
        }
        return target;
      };
      const prefix = await read(new Uint8Array(Math.min(prefixBytes, stat.size)), 0);
      const length = headerLength(prefix, stat.size, fail);
      const header = parseHeader(await read(new Uint8Array(length), prefixBytes), stat.size, fail);
      const described = describe(header, settings, fail);
      const data = await read(new Uint8Array(stat.size - header.dataStart), header.dataStart);
      return await finish(header, described, data, fail);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new ModelFileError(`${who}: ${show(path)} could not be read: ${message}`, { cause: error });
  }
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
  if (network) checkTensors(network, entries, fail);
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

/** The weights of the architecture and the tensors of the file are the same ones. */
function checkTensors({ weights }: Network, entries: readonly Entry[], fail: Fail): void {
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  for (const { name, shape } of weights) {
    const entry = found.get(name);
    if (!entry) fail(`expected a tensor ${show(name)}, got none of that name`);
    if (!sameShape(entry.shape, shape)) {
      fail(`tensor ${show(name)}: expected shape ${showShape(shape)}, got ${showShape(entry.shape)}`);
    }
    if (!isFloat(entry.dtype))
      fail(`tensor ${show(name)}: expected F32, F16, BF16 or F64, got ${entry.dtype}`);
    found.delete(name);
  }
  const [extra] = found.keys();
  if (extra !== undefined) fail(`expected only tensors of the architecture, got ${show(extra)} too`);
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
