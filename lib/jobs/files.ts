import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NeocogError, show } from '../errors.js';
import { anyFolders, isPattern, type Part, partsOf } from './pattern.js';

/**
 * The files that paths and patterns name, in an order that depends on names alone: pattern by pattern, folder by folder,
 * names by their code units. A path without a pattern, or of a file that has such a name, is given as it is, present or
 * not. Only the names of the folders on the way are in memory. Links to folders are followed where a pattern names them,
 * not by `**`.
 * Throws an OptionError for a pattern that is none, a NeocogError (ERR_FILES) for a folder that cannot be read.
 */
export async function* files(patterns: readonly string[]): AsyncGenerator<string, void> {
  for (const pattern of patterns) {
    if (!isPattern(pattern) || (await exists(pattern))) yield pattern;
    else yield* below('', partsOf(separated(pattern)));
  }
}

/** How many there are of each pattern. */
export async function countFiles(patterns: readonly string[]): Promise<number[]> {
  const counts: number[] = [];
  for (const pattern of patterns) {
    let count = 0;
    for await (const _ of files([pattern])) count++;
    counts.push(count);
  }
  return counts;
}

/** On Windows people write either slash; everywhere else a backslash is a character of a name. */
function separated(pattern: string): string {
  return process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}

async function* below(folder: string, [part, ...rest]: readonly Part[]): AsyncGenerator<string, void> {
  if (part === undefined) return;
  const last = rest.length === 0;
  if (typeof part === 'string') {
    const path = part === '' ? '/' : join(folder, part);
    if (!last) yield* below(path, rest);
    else if (await isFile(path)) yield path;
    return;
  }
  if (part === anyFolders) {
    // `**` at the end means all files below.
    yield* everywhere(folder, last ? [/^[^.]/] : rest);
    return;
  }
  for (const entry of await entriesOf(folder)) {
    if (!part.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (!last) {
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)))) yield* below(path, rest);
    } else if (!entry.isDirectory() && !(entry.isSymbolicLink() && (await isFolder(path)))) yield path;
  }
}

/** The rest of a pattern in a folder and in all folders below it, in one order of names. */
async function* everywhere(folder: string, rest: readonly Part[]): AsyncGenerator<string, void> {
  const [part, ...more] = rest;
  if (part === anyFolders) {
    yield* below(folder, rest);
    return;
  }
  const single = more.length === 0 && part instanceof RegExp ? part : undefined;
  // A rule for files alone is tried on the entries that are read anyway.
  if (single === undefined) yield* below(folder, rest);
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.')) yield* everywhere(path, rest);
    } else if (single?.test(entry.name) && !(entry.isSymbolicLink() && (await isFolder(path)))) yield path;
  }
}

/** A folder that is not there has nothing in it. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new NeocogError('ERR_FILES', `the folder ${show(folder)} could not be read: ${message}`, {
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === false;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
