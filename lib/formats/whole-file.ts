import type { FileHandle } from 'node:fs/promises';
import type { Fail } from './safetensors.js';

/** One read of Node takes at most 2 GiB. */
const maxReadBytes = 2 ** 30;

/** All bytes of a regular file; `fail` names it. */
export async function readWhole(path: string, maxBytes: number, fail: Fail): Promise<Uint8Array> {
  const { constants, promises } = await import('node:fs');
  // A pipe without a writer would block the opening for ever.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  return guarded(fail, async () => {
    const file = await promises.open(path, flags);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) fail('expected a regular file');
      return await readHandle(file, stat.size, maxBytes, fail);
    } finally {
      await file.close();
    }
  });
}

/** The `size` bytes of an open file. */
export async function readHandle(
  file: FileHandle,
  size: number,
  maxBytes: number,
  fail: Fail,
): Promise<Uint8Array> {
  if (size > maxBytes) fail(`expected ${maxBytes} bytes at most, got ${size}`);
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(size - done, maxReadBytes), done);
    if (bytesRead === 0) fail(`expected ${size} bytes, got ${done}: did the file change while it was read?`);
    done += bytesRead;
  }
  return bytes;
}

/** Errors of the system become errors of the model file, with its name. */
export async function guarded<T>(fail: Fail, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    return fail(`could not be read: ${message}`);
  }
}
