import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { NeocogError, show } from '../errors.js';
import type { Json } from '../json.js';
import { completeLines } from './lines.js';

/** A file of results in JSON lines, each with the `file` it is about, which grows in the order of the files. */
export interface Results {
  /** Lines that were there already. */
  readonly done: number;
  /** Those among them that tell of an error. */
  readonly failed: number;
  append(lines: readonly object[]): Promise<void>;
  /** Returns when all is on the disk. */
  close(): Promise<void>;
}

export interface ResultsOptions {
  /** Whatever makes the lines what they are: results of another job are not continued. */
  readonly job: { readonly [name: string]: Json };
  /** Continue a job that was interrupted, or begin where there is none. */
  readonly resume: boolean;
  /** Overwrite results that are there. */
  readonly force: boolean;
  /** The job's files; those that have their lines already are taken from it. */
  readonly files: AsyncIterator<string, unknown>;
}

/**
 * Opens results for writing. What the job was stands beside them in `PATH.job`, so that it can be continued. A pipe or
 * a device is written to as it is.
 * Throws a NeocogError with the code ERR_RESULTS where results are there already, are those of another job or of other
 * files, or cannot be written.
 */
export async function openResults(path: string, options: ResultsOptions): Promise<Results> {
  const { job, resume, force, files } = options;
  const record = `${path}.job`;
  const handle = await toWrite(path, resume || force);
  try {
    const { size, isRegular } = await measured(handle);
    if (!isRegular) {
      if (resume) throw refusal(`--resume needs a file, and ${show(path)} is none`);
      return results(path, handle, 0, 0);
    }
    if (!resume || size === 0) {
      await handle.truncate(0);
      await writing(record, writeFile(record, `${JSON.stringify(job, undefined, 2)}\n`));
      return results(path, handle, 0, 0);
    }
    await checkJob(path, record, job);
    const { done, failed, bytes } = await checkLines(path, files);
    // What was being written when the job ended is no line.
    await handle.truncate(bytes);
    return results(path, handle, done, failed);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function refusal(message: string, cause?: unknown): NeocogError {
  return new NeocogError('ERR_RESULTS', message, { cause });
}

/** The result of work on a file; what the system says becomes an error that names it. */
async function writing<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusal(`${show(path)} could not be written: ${(error as Error).message}`, error);
  }
}

async function toWrite(path: string, mayExist: boolean): Promise<FileHandle> {
  // In the mode 'a' all that is written goes to the end, which `truncate` moves.
  const opened = (flags: string) => open(path, flags);
  if (mayExist) return writing(path, opened('a'));
  return writing(
    path,
    opened('ax').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      const handle = await opened('a');
      if (!(await measured(handle)).isRegular) return handle;
      await handle.close();
      throw new Error('it is there already (--resume continues it, --force overwrites it)');
    }),
  );
}

async function measured(handle: FileHandle): Promise<{ size: number; isRegular: boolean }> {
  const stat = await handle.stat();
  return { size: stat.size, isRegular: stat.isFile() };
}

async function checkJob(path: string, record: string, job: ResultsOptions['job']): Promise<void> {
  let was: Record<string, Json>;
  try {
    was = JSON.parse(await readFile(record, 'utf8'));
  } catch (error) {
    throw refusal(
      `${show(path)} cannot be continued: ${show(record)}, which says what it is, could not be read: ${
        (error as Error).message
      }`,
      error,
    );
  }
  for (const [name, value] of Object.entries(job)) {
    if (was[name] === value) continue;
    throw refusal(
      `${show(path)} cannot be continued: it was made with ${name} ${show(was[name])}, not ${show(value)} (--force begins anew)`,
    );
  }
}

/** Compares the lines with the files, one by one, so that none is lost and none comes twice. */
async function checkLines(path: string, files: ResultsOptions['files']) {
  let [done, failed, bytes] = [0, 0, 0];
  for await (const { text, end } of completeLines(createReadStream(path))) {
    done++;
    const wrong = (what: string) =>
      refusal(`${show(path)} cannot be continued: line ${done} ${what} (--force begins anew)`);
    let line: { file?: unknown; error?: unknown };
    try {
      line = JSON.parse(text) ?? {};
    } catch {
      throw wrong('is no JSON');
    }
    const next = await files.next();
    if (next.done || next.value !== line.file) {
      const now = next.done ? 'no more files' : show(next.value);
      throw wrong(`is about ${show(line.file)}, and now ${now} would come there: the pictures have changed`);
    }
    if (line.error !== undefined) failed++;
    bytes = end;
  }
  return { done, failed, bytes };
}

function results(path: string, handle: FileHandle, done: number, failed: number): Results {
  return {
    done,
    failed,
    append: (lines) =>
      writing(path, handle.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))),
    async close() {
      try {
        // A pipe has nothing to flush.
        if ((await measured(handle)).isRegular) await writing(path, handle.sync());
      } finally {
        await handle.close();
      }
    },
  };
}
