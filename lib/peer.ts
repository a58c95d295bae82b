import { BackendError } from './errors.js';

/** Optional companions of the package, loaded by `load`; the error where one is missing says what to install. */
export async function peer<T>(
  names: string | readonly string[],
  what: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const all = [names].flat();
    const absent = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const which = `the package${all.length > 1 ? 's' : ''} ${all.join(' and ')}`;
    throw new BackendError(
      absent
        ? `${what} needs ${which}: run npm install ${all.join(' ')}`
        : `${which} could not be loaded: ${(cause as Error).message}`,
      { cause },
    );
  }
}
