// What importing the package costs, in fresh processes, with the native addon and without.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { duel } from './measure.mjs';
import { table } from './report.mjs';

export const title = 'Import of the package, milliseconds inside a fresh process';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entry = exports['.'].default;

/** Milliseconds of the import, in a process of its own; `use` goes on to the first question about the engine. */
function importing(folder, use) {
  const url = pathToFileURL(join(folder, entry)).href;
  const script = `const start = performance.now();
    const { backend } = await import(${JSON.stringify(url)});
    ${use ? 'backend();' : ''}
    console.log(performance.now() - start);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
}

export async function run() {
  const bare = mkdtempSync(join(tmpdir(), 'neocog-bench-'));
  try {
    cpSync(join(root, 'dist'), join(bare, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(bare, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(bare, 'node_modules'));
    const empty = join(bare, 'empty');
    mkdirSync(join(empty, 'dist'), { recursive: true });
    writeFileSync(join(empty, entry), 'export const backend = undefined;\n');
    const contestant = (name, folder, use) => ({ name, burst: () => [importing(folder, use)], close() {} });
    const results = await duel(
      [
        contestant('an empty module: the floor', empty, false),
        contestant('import', root, false),
        contestant('import, addon absent', bare, false),
        contestant('import and backend()', root, true),
        contestant('import and backend(), addon absent', bare, true),
      ],
      { rounds: 9 },
    );
    return table(
      ['what', 'min ms', 'median ms'],
      results.map(({ name, min, median }) => [name, min, median]),
    );
  } finally {
    rmSync(bare, { recursive: true, force: true });
  }
}
