import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from './paths.js';

export const builtBinary = join(root, 'build', 'Release', 'neocog.node');

/** The bytes of the addon as it was built here; undefined where there is none. */
export function binaryBytes(): Buffer | undefined {
  return existsSync(builtBinary) ? readFileSync(builtBinary) : undefined;
}

/** An empty folder that is gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty folder for all tests of a file. */
export function keptFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let copy: string | undefined;

/**
 * A copy of the package as it is installed, with `binary` in the place of the addon. One copy serves all tests of a
 * file, one after the other.
 */
export function packageCopy(binary?: Uint8Array): string {
  copy ??= copyPackage();
  const file = join(copy, 'build', 'Release', 'neocog.node');
  rmSync(dirname(file), { recursive: true, force: true });
  if (binary) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, binary);
  }
  return copy;
}

function copyPackage(): string {
  const folder = keptFolder();
  for (const part of ['dist', 'package.json', 'node_modules/node-gyp-build']) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  return folder;
}
