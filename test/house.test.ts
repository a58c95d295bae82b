import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './support/paths.js';

/** Files below a folder, as paths from the root with forward slashes. */
function filesBelow(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

const text = (file: string): string => readFileSync(join(root, file), 'utf8');

/** `lib/ops/conv2d.ts` is in the room `ops`, `lib/errors.ts` is `errors`. */
function roomOf(file: string): string {
  const [, first = '', ...rest] = file.split('/');
  return rest.length > 0 ? first : first.replace(/\.ts$/, '');
}

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const importPattern =
  /(?:^|\n)\s*(import|export)(\s+type)?\s[^;]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;

function importsOf(file: string): Import[] {
  return [...text(file).matchAll(importPattern)].map(([, , type, from, dynamic, bare]) => {
    const name = (from ?? dynamic ?? bare) as string;
    const target = name.startsWith('.')
      ? relative(root, resolve(root, dirname(file), name))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts')
      : name;
    return { file, target, typeOnly: type !== undefined };
  });
}

/** Rooms that each room may import from, itself always included. */
const base = ['errors', 'json', 'tensor', 'geometry', 'options'];
const mayKnow: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  root: [],
  peer: ['errors'],
  json: ['errors'],
  tensor: base,
  geometry: base,
  options: [...base, 'ops'],
  ops: base,
  graph: [...base, 'ops'],
  compile: [...base, 'ops', 'graph'],
  backend: [...base, 'root', 'ops', 'graph', 'compile'],
  layers: [...base, 'ops', 'graph'],
  eager: [...base, 'ops', 'graph', 'compile', 'backend'],
  onnx: [...base, 'ops', 'graph', 'formats'],
  model: [...base, 'ops', 'graph', 'compile', 'backend', 'layers', 'formats', 'onnx'],
  zoo: [...base, 'layers', 'model'],
  formats: [...base, 'graph', 'ops', 'model', 'compile', 'layers'],
  images: [...base, 'peer', 'model'],
  serve: [...base, 'root', 'peer', 'model', 'images', 'backend'],
  jobs: [...base, 'root', 'peer', 'model', 'images', 'backend', 'serve'],
  serving: ['serve', 'jobs'],
  cli: [...base, 'root', 'index', 'model', 'formats', 'backend', 'layers', 'images', 'serve', 'jobs'],
};

const lib = filesBelow('lib', ['.ts']);

describe('TypeScript: who may know whom', () => {
  const inside = lib.flatMap(importsOf).filter(({ target }) => target.startsWith('lib/'));

  test('every room imports only rooms below it', () => {
    const wrong = inside.filter(({ file, target }) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      return from !== 'index' && from !== to && !mayKnow[from]?.includes(to);
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test('nobody imports the index but the command line', () => {
    const wrong = inside.filter(({ file, target }) => target === 'lib/index.ts' && roomOf(file) !== 'cli');
    expect(wrong).toEqual([]);
  });

  test('only backend/native.ts touches the binary', () => {
    const loaders = lib.filter((file) => /node-gyp-build|process\.dlopen|\.node['"`]/.test(text(file)));
    expect(loaders).toEqual(['lib/backend/native.ts']);
  });

  test('there are no circular imports at run time', () => {
    const edges = new Map(
      lib.map((file) => [
        file,
        importsOf(file)
          .filter(({ typeOnly }) => !typeOnly)
          .map(({ target }) => target),
      ]),
    );
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, 'a circle of imports').not.toContain(file);
      if (done.has(file)) return;
      for (const target of edges.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of lib) visit(file, []);
  });

  test('packages: one dependency, optional peers loaded when used', () => {
    const manifest = JSON.parse(text('package.json'));
    expect(Object.keys(manifest.dependencies)).toEqual(['node-gyp-build']);
    const outside = lib
      .flatMap((file) => importsOf(file))
      .filter(({ target }) => !target.startsWith('lib/') && !target.startsWith('node:'))
      .map(({ target }) => target);
    const known = ['node-gyp-build', ...Object.keys(manifest.peerDependencies)];
    // binding.d.ts is types only.
    expect(outside.filter((name) => !known.includes(name) && name !== 'binding.ts')).toEqual([]);
  });

  test('no code from strings and no class with an I or T prefix, no default export', () => {
    const found = lib.flatMap((file) => {
      const lines = text(file).split('\n');
      const bad =
        /\beval\(|new Function\b|\bMath\.fround\(.*\) \* |export default|\binterface I[A-Z]|\btype T[A-Z][a-z]+ =/;
      return lines.filter((line) => bad.test(line)).map((line) => `${file}: ${line.trim()}`);
    });
    expect(found).toEqual([]);
  });
});

const native = filesBelow('native', ['.cc', '.h']);

/** What stands behind #include, with its quotes or brackets. */
const includesOf = (file: string): string[] =>
  [...text(file).matchAll(/^\s*#\s*include\s+(["<][^">]+[">])/gm)].map(([, name]) => name as string);

/** Files of ours that include a header of ours. */
const usersOf = (header: string): string[] =>
  native.filter((file) =>
    includesOf(file).some((name) => name.endsWith(`/${header}"`) || name === `"${header}"`),
  );

describe('C++: who may know whom', () => {
  test('napi is in the addon and its two parts; the engine below knows no JavaScript', () => {
    const users = native.filter((file) => includesOf(file).some((name) => /napi|node_api|uv\.h/.test(name)));
    const rooms = ['addon', 'async_run', 'read_plan'];
    const inRooms = (file: string): boolean => rooms.some((room) => file.startsWith(`native/${room}.`));
    expect(users.filter((file) => !inRooms(file))).toEqual([]);
    for (const room of rooms) expect(usersOf(`${room}.h`).filter((file) => !inRooms(file))).toEqual([]);
  });

  test('intrinsics are in simd/<isa>.h only', () => {
    const header = /intrin\.h|arm_neon\.h/;
    const users = native.filter((file) => includesOf(file).some((name) => header.test(name)));
    expect(users.filter((file) => !file.startsWith('native/simd/') && file !== 'native/cpu.cc')).toEqual([]);
  });

  test('kernels include ops.h, simd.h, each other and stdint.h only', () => {
    const allowed = /^(<stdint\.h>|"\.\.\/(ops|simd|kernels)\.h"|"[a-z0-9_]+\.h")$/;
    const wrong = native
      .filter((file) => file.startsWith('native/kernels/'))
      .flatMap((file) => includesOf(file).map((name) => ({ file, name })))
      .filter(({ name }) => !allowed.test(name));
    expect(wrong).toEqual([]);
  });

  test('no std containers, algorithms or exceptions below plan.cc', () => {
    const below = native.filter(
      (file) => /^native\/(kernels|simd)\//.test(file) || /^native\/(simd|ops|kernels)\.h$/.test(file),
    );
    const wrong = below.flatMap((file) => {
      const code = text(file).replace(/\/\/.*$/gm, '');
      return /\bstd::|\bthrow\b|\btry\b|\bnew\b|\bmalloc\b/.test(code) ? [file] : [];
    });
    expect(wrong).toEqual([]);
  });

  test('the pool is used by the plan only', () => {
    const allowed = [
      'native/packing.cc',
      'native/plan.cc',
      'native/plan.h',
      'native/plan_run.cc',
      'native/pool.cc',
    ];
    expect(usersOf('pool.h').filter((file) => !allowed.includes(file))).toEqual([]);
  });

  test('C++ is ASCII', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
    expect(native.filter((file) => /[^\x00-\x7f]/.test(text(file)))).toEqual([]);
  });
});

describe('the size of things', () => {
  const all = [...lib, ...native, ...filesBelow('test', ['.ts']), ...filesBelow('scripts', ['.mjs'])];

  test('no file is longer than 400 lines, the median about 100', () => {
    const lengths = all.map((file) => ({ file, lines: text(file).split('\n').length - 1 }));
    expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(150);
  });
});
