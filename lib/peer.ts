import { BackendError } from './errors.js';

/** An optional companion of the package, loaded by `load`; the error where it is missing says what to install. */
export async function peer<T>(name: string, what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    throw new BackendError(
      absent
        ? `${what} needs the package ${name}: run npm install ${name}`
        : `the package ${name} does not load: ${(cause as Error).message}`,
      { cause },
    );
  }
}
