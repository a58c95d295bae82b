import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ended, run, runModule } from './support/child.js';
import { temporaryFolder } from './support/package.js';
import { root } from './support/paths.js';

const platform = `${process.platform}-${process.arch}`;
const prebuilds = join(root, 'prebuilds', platform);
const native = existsSync(prebuilds) && readdirSync(prebuilds).some((file) => file.endsWith('.node'));

const npm = async (args: readonly string[], cwd: string): Promise<Ended> => {
  const ended = await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    timeout: 120_000,
  });
  expect(ended.status, ended.stderr).toBe(0);
  return ended;
};

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** An empty folder into which the packed tarball was installed; its one dependency comes from here, not from a network. */
async function installed(): Promise<{ folder: string; packages: string[]; packed: string[] }> {
  const folder = temporaryFolder();
  const tarballs = join(folder, 'tarballs');
  const application = join(folder, 'application');
  mkdirSync(tarballs);
  mkdirSync(application);
  const { stdout } = await npm(
    ['pack', root, '--ignore-scripts', '--json', '--pack-destination', tarballs],
    folder,
  );
  const dependency = join(folder, 'node-gyp-build');
  cpSync(join(root, 'node_modules', 'node-gyp-build'), dependency, { recursive: true });
  await npm(['pack', dependency, '--ignore-scripts', '--pack-destination', tarballs], folder);
  const files = readdirSync(tarballs).map((file) => join(tarballs, file));
  await npm(['init', '--yes'], application);
  await npm(['install', '--ignore-scripts', '--offline', ...files], application);
  const packages = readdirSync(join(application, 'node_modules')).filter((name) => !name.startsWith('.'));
  return {
    folder: application,
    packages,
    packed: JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => path),
  };
}

const program = `
import { backend, load, ops, tensor } from 'neocog';
const y = ops.matMul(tensor(Float32Array.of(1, 2, 3, 4), [2, 2]), tensor(Float32Array.of(1, 1, 1, 1), [2, 2]));
console.log(JSON.stringify({ y: [...y.data], name: backend().name, reason: backend().reason }));
`;

describe('the packed tarball', () => {
  test('installs without scripts into an empty folder, is small, and runs', async () => {
    const { folder, packages, packed } = await installed();
    expect(packages.sort()).toEqual(['neocog', 'node-gyp-build']);
    expect(bytesBelow(join(folder, 'node_modules'))).toBeLessThan(5 * 2 ** 20);
    const manifest = JSON.parse(readFileSync(join(folder, 'node_modules', 'neocog', 'package.json'), 'utf8'));
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts[script]).toBeUndefined();
    expect(
      packed.filter((path) => /^(test|bench|native|lib|build|node_modules|binding\.gyp)/.test(path)),
    ).toEqual([]);
    for (const path of [
      'dist/index.js',
      'dist/index.d.ts',
      'binding.d.ts',
      'README.md',
      'LICENSE',
      'package.json',
    ]) {
      expect(packed).toContain(path);
    }

    const ended = await runModule(program, { cwd: folder, env: { PREBUILDS_ONLY: '1' } });
    expect(ended.status, ended.stderr).toBe(0);
    const { y, name, reason } = JSON.parse(ended.stdout);
    expect(y).toEqual([3, 3, 7, 7]);
    expect({ name, reason }).toEqual(
      native
        ? { name: 'native', reason: undefined }
        : { name: 'js', reason: expect.stringMatching(/no native binary/) },
    );

    const required = await run(process.execPath, ['-e', `console.log(typeof require('neocog').sequential)`], {
      cwd: folder,
    });
    if ('require_module' in process.features) expect(required.stdout).toBe('function\n');
    const command = await run(join(folder, 'node_modules', '.bin', 'neocog'), ['--version'], { cwd: folder });
    expect(command.stdout.trim()).toBe(manifest.version);
  }, 180_000);

  // A name in the list of skipped tests: the test above then ran in TypeScript.
  test.skipIf(!native)(`holds a binary for ${platform} (npm run prebuild makes it)`, () => {
    expect(readdirSync(prebuilds).filter((file) => file.endsWith('.node')).length).toBeGreaterThanOrEqual(1);
  });
});
