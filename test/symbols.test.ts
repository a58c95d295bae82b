import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './support/paths.js';

const build = join(root, 'build');
const hasNm = spawnSync('nm', ['--version']).status === 0;

/** Objects of kernels/table.cc, one for each instruction set. */
const objects = existsSync(build)
  ? readdirSync(build, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^CMakeFiles.*table\.cc\.o$/.test(file),
    )
  : [];
const missing = !hasNm ? 'there is no nm' : objects.length === 0 ? 'nothing was built' : undefined;

function nm(file: string, ...options: string[]): string[] {
  const { stdout, status } = spawnSync('nm', [...options, join(build, file)], { encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(missing !== undefined)(
  `symbols of the kernel objects${missing ? ` (${missing})` : ''}`,
  () => {
    test('there is one for every instruction set', () => {
      expect(objects.length).toBeGreaterThanOrEqual(2);
    });

    test.for(objects)('%s defines one external symbol and no weak one', (file) => {
      const external = nm(file, '-g', '--defined-only');
      expect(external.length, external.join('\n')).toBe(1);
      expect(external[0]).toMatch(/Table/);
      expect(nm(file).filter((line) => / [vVwWu] /.test(line))).toEqual([]);
    });

    test.for(objects)('%s needs nothing from a C++ library', (file) => {
      const wanted = nm(file, '-u').map((line) => line.trim().split(' ').at(-1) as string);
      expect(wanted.filter((name) => /^_Z|^__cxa|^_Unwind/.test(name))).toEqual([]);
    });
  },
);

const binary = join(root, 'build', 'Release', 'neocog.node');

describe.skipIf(!hasNm || !existsSync(binary))('symbols of the addon', () => {
  test('shows Node-API entry points and nothing else', () => {
    const { stdout } = spawnSync('nm', ['-D', '--defined-only', binary], { encoding: 'utf8' });
    const names = stdout.split('\n').filter((line) => line !== '');
    expect(
      names.filter((line) => !/napi_register_module_v1|node_api_module_get_api_version_v1/.test(line)),
    ).toEqual([]);
  });
});
