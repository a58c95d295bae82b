// What the scripts share: the project's root, and where programs are.
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

const require = createRequire(import.meta.url);

/** The script behind a command of an installed package, to be run by this Node (so that no shell is needed). */
export function bin(command, packageName = { tsc: 'typescript' }[command] ?? command) {
  const manifest = packageFile(packageName);
  const entry = JSON.parse(readFileSync(manifest, 'utf8')).bin;
  return join(dirname(manifest), typeof entry === 'string' ? entry : entry[command]);
}

function packageFile(packageName) {
  for (const folder of require.resolve.paths(packageName)) {
    const file = join(folder, packageName, 'package.json');
    if (isReadable(file)) return file;
  }
  throw new Error(`the package ${packageName} is not installed: run npm ci`);
}

function isReadable(file, mode = constants.R_OK) {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program on PATH, or undefined. */
export function findProgram(name) {
  if (isAbsolute(name)) return isReadable(name, constants.X_OK) ? name : undefined;
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const file = join(folder, name + ending);
      if (folder !== '' && isReadable(file, constants.X_OK)) return file;
    }
  }
  return undefined;
}
