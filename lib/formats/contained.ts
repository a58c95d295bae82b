import type { BigIntStats } from 'node:fs';
import { show } from '../errors.js';
import type { Fail } from './safetensors.js';
import { guarded, readHandle } from './whole-file.js';

/**
 * The parts of a path that a model file names and that stays in the model's folder: relative, with forward slashes, without
 * `..`, a drive, a scheme or a byte 0.
 */
export function containedParts(location: string, fail: Fail): readonly string[] {
  const parts = location.split('/');
  const named = parts.filter((part) => part !== '.');
  const wrong =
    location.includes('\0') ||
    location.includes('\\') ||
    location.includes(':') ||
    named.length === 0 ||
    named.some((part) => part === '' || part === '..');
  if (wrong) fail(`expected a file in the model's folder, got ${show(location)}`);
  return named;
}

/**
 * All bytes of the file that `location` names in `folder`. No part of it may be a symbolic link: what a model file names
 * must not reach anything that did not come with it. A hard link could, too; where files of a package are meant
 * (`hardLinks`), they are usual: package managers install by linking to their store.
 */
export async function readContained(
  folder: string,
  location: string,
  maxBytes: number,
  fail: Fail,
  { hardLinks = false }: { readonly hardLinks?: boolean } = {},
): Promise<Uint8Array> {
  const parts = containedParts(location, fail);
  const [{ constants, promises }, { join }] = await Promise.all([import('node:fs'), import('node:path')]);
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  return guarded(fail, async () => {
    const walk = async (): Promise<BigIntStats> => {
      let path = folder;
      for (const [i, part] of parts.entries()) {
        path = join(path, part);
        const stat = await promises.lstat(path, { bigint: true });
        const last = i === parts.length - 1;
        if (stat.isSymbolicLink() || (last ? !stat.isFile() : !stat.isDirectory())) {
          fail(`expected ${show(location)} to be a regular file of the model's folder, without links`);
        }
        if (last) return stat;
      }
      return fail('expected the name of a file');
    };
    await walk();
    const file = await promises.open(join(folder, ...parts), flags);
    try {
      const opened = await file.stat({ bigint: true });
      // Walked again: a folder that became a link between the two steps leads to another file.
      const named = await walk();
      if (opened.dev !== named.dev || opened.ino !== named.ino || !opened.isFile()) {
        fail(`expected ${show(location)} not to change while it is opened`);
      }
      if (opened.nlink !== 1n && !hardLinks) {
        fail(`expected ${show(location)} to have one name, got a file with ${opened.nlink} hard links`);
      }
      return await readHandle(file, Number(opened.size), maxBytes, fail);
    } finally {
      await file.close();
    }
  });
}
