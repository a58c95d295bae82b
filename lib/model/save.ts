import { ModelFileError, show } from '../errors.js';
import { type Stored, safetensorsParts } from '../formats/safetensors-write.js';
import { expected } from '../options.js';
import { architectureOf } from './architecture.js';
import type { Network } from './network.js';
import type { ModelSettings } from './options.js';

/** What this version reads: 1 are networks of layers, 2 are graphs from files. A reader refuses what is later. */
export const formatVersion = 2;

/** What every file says about itself; `version` is the least that its reader has to know. */
export function metadataOf(
  version: number,
  architecture: unknown,
  { preprocessing, labels }: ModelSettings,
): Map<string, string> {
  const metadata = new Map([
    ['format', 'neocog'],
    ['formatVersion', String(version)],
    ['architecture', JSON.stringify(architecture)],
  ]);
  if (preprocessing !== undefined) metadata.set('preprocessing', JSON.stringify(preprocessing));
  if (labels !== undefined) metadata.set('labels', JSON.stringify(labels));
  return metadata;
}

export function networkParts(
  network: Network,
  arrays: readonly Float32Array[],
  settings: ModelSettings,
): Uint8Array[] {
  const metadata = metadataOf(1, architectureOf(network), settings);
  const tensors = network.weights.map(
    ({ name, shape }, i): Stored => ({ name, dtype: 'float32', shape, data: arrays[i] as Float32Array }),
  );
  return safetensorsParts(tensors, metadata);
}

/** The whole file as bytes of their own. */
export function modelBytes(
  network: Network,
  arrays: readonly Float32Array[],
  settings: ModelSettings,
): Uint8Array {
  return joined(networkParts(network, arrays, settings));
}

/** One array of all bytes. */
export function joined(all: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of all) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** A file path as users give it: text or a file URL. */
export async function filePath(who: string, path: unknown): Promise<string> {
  if (typeof path === 'string' && path.length > 0 && !path.includes('\0')) return path;
  if (path instanceof URL && path.protocol === 'file:') return (await import('node:url')).fileURLToPath(path);
  throw expected(who, 'the path', 'a text or a file URL', path);
}

export function saveModel(
  path: unknown,
  network: Network,
  arrays: readonly Float32Array[],
  settings: ModelSettings,
): Promise<void> {
  return writeWhole('save', path, () => networkParts(network, arrays, settings));
}

/**
 * Writes to a temporary file in the same folder, flushes it, and renames it: readers see the old file or the new one.
 * Throws a ModelFileError with the system's error as its cause.
 */
export async function writeWhole(
  who: string,
  path: unknown,
  parts: () => readonly Uint8Array[],
): Promise<void> {
  const target = await filePath(who, path);
  const all = parts();
  const [{ open, rename, rm }, { basename, dirname, join }, { randomUUID }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
    import('node:crypto'),
  ]);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    // 'wx': an existing file is never followed or overwritten.
    const file = await open(temporary, 'wx');
    try {
      for (const part of all) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new ModelFileError(`${who}: ${show(target)} could not be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
