import { expect, test } from 'vitest';
import { runModule } from './support/child.js';
import { root } from './support/paths.js';

test('the package exports what its papers say, to import and to require', async () => {
  const script = `
import { createRequire } from 'node:module';
const names = Object.keys(await import('neocog')).sort();
const [major, minor] = process.versions.node.split('.').map(Number);
const requires = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
const required = requires ? Object.keys(createRequire(import.meta.url)('neocog')).sort() : names;
console.log(JSON.stringify({ names, required }));
`;
  const { stdout, stderr } = await runModule(script, { cwd: root });
  const { names, required } = JSON.parse(stdout);
  const errors = ['BackendError', 'ModelFileError', 'NeocogError', 'OptionError', 'ShapeError'];
  const face = ['backend', 'input', 'layers', 'load', 'model', 'ops', 'sequential', 'tensor'];
  expect(names).toEqual([...errors, ...face]);
  expect(
    required.filter(
      (name: string) => name !== 'default' && name !== '__esModule' && name !== 'module.exports',
    ),
  ).toEqual(names);
  expect(stderr.replace(/.*ExperimentalWarning.*\n|.*trace-warnings.*\n/g, '')).toBe('');
});
