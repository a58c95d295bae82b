import { show } from '../../errors.js';
import { type Model, makeModel } from '../../model/face.js';
import { modelOptionNames, modelSettings } from '../../model/options.js';
import { filePath } from '../../model/save.js';
import { expected, readOptions } from '../../options.js';
import { asBytes } from '../../tensor.js';
import { readContained } from '../contained.js';
import { type Fail, failing } from '../safetensors.js';
import { readWhole } from '../whole-file.js';
import { buildNetwork } from './build.js';
import { isObject, jsonObject } from './json-object.js';
import { type Group, isManifest, readManifest } from './manifest.js';
import { readTopology } from './topology.js';
import { decode, matchWeights } from './weights.js';

const who = 'loadTfjs';
/** Descriptions of the largest networks take a few megabytes. */
const maxJsonBytes = 64 * 2 ** 20;

/** The work of `loadTfjs`; see there. */
export async function readTfjsModel(from: unknown, options: unknown): Promise<Model> {
  const given = readOptions(who, options, ['weightData', ...modelOptionNames]);
  const settings = modelSettings(who, given);
  const weightData = given.weightData === undefined ? undefined : asBytes(given.weightData);
  if (given.weightData !== undefined && !weightData) {
    throw expected(who, 'weightData', 'a Uint8Array', given.weightData);
  }
  const bytes = asBytes(from);
  const path = typeof from === 'string' || from instanceof URL ? await filePath(who, from) : undefined;
  if (path === undefined && !bytes && !isObject(from)) {
    throw expected(who, 'the model', 'a path, a file URL, a Uint8Array or the JSON of a model', from);
  }
  const fail = failing(who, path === undefined ? 'model.json' : show(path));
  const text = path === undefined ? bytes : await readWhole(path, maxJsonBytes, fail);
  const json = text ? parse(text, fail) : from;
  const { network, groups, entries } = describe(json, fail);
  const parts = await partsOf(groups, path, weightData, fail);
  const initial = entries.map((entry) => decode(entry, parts[entry.group] as Uint8Array));
  return makeModel({ network: () => network, settings, initial });
}

function parse(bytes: Uint8Array, fail: Fail): unknown {
  if (bytes.length > maxJsonBytes) fail(`expected ${maxJsonBytes} bytes at most, got ${bytes.length}`);
  try {
    // A byte order mark in front is passed over.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return fail(`expected JSON in UTF-8: ${(error as Error).message}`);
  }
}

function describe(json: unknown, fail: Fail) {
  const whole = jsonObject('model', json, fail);
  const format = whole.get('format') ?? 'layers-model';
  if (format !== 'layers-model') {
    fail(`expected a layers-model, got format ${show(format)} (convert the Keras model, not the graph)`);
  }
  const manifest = whole.get('weightsManifest');
  if (!isManifest(manifest)) return fail('expected weightsManifest to be an array of objects');
  const network = buildNetwork(readTopology(whole.get('modelTopology'), fail), fail);
  const groups = readManifest(manifest, fail);
  return { network, groups, entries: matchWeights(network, groups, fail) };
}

/** The bytes of every group. */
async function partsOf(
  groups: readonly Group[],
  path: string | undefined,
  weightData: Uint8Array | undefined,
  fail: Fail,
): Promise<readonly Uint8Array[]> {
  if (weightData) {
    const total = groups.reduce((sum, { bytes }) => sum + bytes, 0);
    if (weightData.length !== total) fail(`expected weightData of ${total} bytes, got ${weightData.length}`);
    // A copy: the model must not change when the caller reuses the bytes.
    const copy = weightData.slice();
    let at = 0;
    return groups.map(({ bytes }) => {
      at += bytes;
      return copy.subarray(at - bytes, at);
    });
  }
  if (path === undefined) {
    return fail(
      'expected weights: give the path of model.json, or its shards, joined, as the option weightData',
    );
  }
  const { dirname } = await import('node:path');
  const parts: Uint8Array[] = [];
  for (const group of groups) parts.push(await readGroup(dirname(path), group, fail));
  return parts;
}

/** The shards of a group, joined. */
async function readGroup(folder: string, { paths, bytes }: Group, fail: Fail): Promise<Uint8Array> {
  const shards: Uint8Array[] = [];
  let rest = bytes;
  for (const path of paths) {
    const named: Fail = (rule, cause) => fail(`weights ${show(path)}: ${rule}`, cause);
    const shard = await readContained(folder, path, rest, named, { hardLinks: true });
    rest -= shard.length;
    shards.push(shard);
  }
  if (rest > 0) fail(`weights ${show(paths[0])}: expected ${bytes} bytes in its group, got ${bytes - rest}`);
  const [first] = shards;
  if (shards.length === 1 && first) return first;
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const shard of shards) {
    joined.set(shard, at);
    at += shard.length;
  }
  return joined;
}
