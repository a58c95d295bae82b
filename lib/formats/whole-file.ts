import type { FileHandle } from 'node:fs/promises';
import type { Fail } from './safetensors.js';

/** One read of Node takes at most 2 GiB. */
const maxReadBytes = 2 ** 30;

/** All bytes of a regular file; `fail` names it. */
export function readWhole(path: string, maxBytes: number, fail: Fail): Promise<Uint8Array> {
  return withFile(path, fail, (file, size) => readHandle(file, size, maxBytes, fail));
}

/** Opens a regular file, hands it with its size to `work`, and closes it. */
export async function withFile<T>(
  path: string,
  fail: Fail,
  work: (file: FileHandle, size: number) => Promise<T>,
): Promise<T> {
  const { constants, promises } = await import('node:fs');
  // A pipe without a writer would block the opening for ever.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  return guarded(fail, async () => {
    const file = await promises.open(path, flags);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) fail('expected a regular file');
      return await work(file, stat.size);
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
  return readInto(file, new Uint8Array(size), 0, fail);
}

/**
 * One turn of the event loop, which readers of bytes in memory take as those of files do: there Node frees the native memory
 * of models that nobody holds any more, so that loading one after the other stays within bounds.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Fills `bytes` from an open file. */
export async function readInto(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
  fail: Fail,
): Promise<Uint8Array> {
  for (let done = 0; done < bytes.length; ) {
    const wanted = Math.min(bytes.length - done, maxReadBytes);
    const { bytesRead } = await file.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) {
      fail(`expected ${position + bytes.length} bytes, got fewer: did the file change while it was read?`);
    }
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
    return fail(`could not be read: ${message}`, error);
  }
}
