import { existsSync } from 'node:fs';

/**
 * The folder of the package: the nearest one above this file that holds a package.json, however many modules were
 * joined into the file that runs. Undefined where somebody's bundler took the code away from its package.
 */
export function packageRoot(): URL | undefined {
  for (let folder = new URL('.', import.meta.url); ; ) {
    if (existsSync(new URL('package.json', folder))) return folder;
    const parent = new URL('..', folder);
    if (parent.href === folder.href) return undefined;
    folder = parent;
  }
}
