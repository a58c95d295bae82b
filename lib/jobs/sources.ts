import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NeocogError, OptionError, show } from '../errors.js';

/** Where the pictures of jobs may come from. */
export interface SourceOptions {
  /** The folder that paths are below; without it no files are read. */
  readonly images: string | undefined;
  /** Beginnings of http(s) addresses that may be fetched: none without it. */
  readonly urlPrefixes: readonly string[];
  /** The most that one picture may have. */
  readonly maxBytes: number;
  /** Milliseconds that fetching one may take. */
  readonly fetchTimeoutMs: number;
}

/** System errors that say that the job is wrong, and will be when it is tried again. */
const lasting = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);
/** Answers of a server that may be others later. */
const passing = new Set([408, 425, 429]);

/**
 * The bytes of a file below `images`, links resolved. Throws an OptionError for a path that leads out of the folder, for
 * what is no file, is not there or is too large; what may go away by itself is thrown as the system gave it.
 */
export async function readBelow(path: string, { images, maxBytes }: SourceOptions): Promise<Uint8Array> {
  if (images === undefined)
    throw new OptionError('image: this worker reads no files (--images allows a folder)');
  // A folder that is gone comes back; its jobs are tried again.
  const folder = await realpath(images);
  try {
    const inside = (file: string) => {
      const way = relative(folder, file);
      return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
    };
    // Nothing outside is looked at: the answer would tell what is there.
    const asked = resolve(folder, relative(resolve(images), resolve(images, path)));
    const file = inside(asked) ? await realpath(asked) : asked;
    if (!inside(file))
      throw new OptionError(`image: expected a path below the allowed folder, got ${show(path)}`);
    // A pipe would block, and a link cannot come in between.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new OptionError(`image: ${show(path)} is no file`);
      if (stat.size > maxBytes) throw tooLarge(path, maxBytes);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof TypeError || lasting.has(code ?? '')) {
      throw new OptionError(`image: ${show(path)} could not be read: ${message}`, { cause: error });
    }
    throw error;
  }
}

/** The bytes behind a URL: a file below `images`, or an http(s) address that begins with an allowed prefix. */
export async function readUrl(text: string, options: SourceOptions): Promise<Uint8Array> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'file:') return readBelow(pathOf(url), options);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new OptionError(`url: expected an address of http, https or file, got ${show(text)}`);
  }
  if (!options.urlPrefixes.some((prefix) => url.href.startsWith(prefix))) {
    throw new OptionError(`url: ${show(text)} begins with no allowed prefix (--allow-url-prefix allows one)`);
  }
  // To some servers an encoded slash is a slash, and the way up leads out of the prefix.
  if (/(?:^|\/|%2f|%5c)(?:\.|%2e){2}(?:%2f|%5c|\/|$)/i.test(url.pathname)) {
    throw new OptionError(`url: expected no encoded way up (..%2F) in ${show(text)}`);
  }
  return fetched(url, options);
}

/** A prefix in the form that addresses are compared in; throws an OptionError for what is no http(s) address. */
export function urlPrefix(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw new OptionError(`expected a prefix of http(s) addresses, got ${show(text)}`);
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new OptionError(`url: ${(error as Error).message}`, { cause: error });
  }
}

async function fetched(url: URL, { maxBytes, fetchTimeoutMs }: SourceOptions): Promise<Uint8Array> {
  // A redirection would lead to where no prefix allows it.
  const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(fetchTimeoutMs) });
  if (!answer.ok) {
    await answer.body?.cancel();
    const message = `url: ${show(url.href)} answers with status ${answer.status}`;
    if (answer.status >= 500 || passing.has(answer.status)) throw new NeocogError('ERR_FETCH', message);
    throw new OptionError(message);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > maxBytes) throw tooLarge(url.href, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(what: string, maxBytes: number): OptionError {
  return new OptionError(`expected a picture of at most ${maxBytes} bytes, and ${show(what)} has more`);
}
