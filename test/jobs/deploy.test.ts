import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/paths.js';

const text = (file: string): string => readFileSync(join(root, 'deploy', file), 'utf8');
const number = (pattern: RegExp, from: string): number => Number(pattern.exec(from)?.[1]);

test('the image has the companions that the tests run with', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [...text('Dockerfile').matchAll(/\b([a-z-]+)@(\d+\.\d+\.\d+)/g)];
  const versions = Object.fromEntries(named.map(([, name, version]) => [name, version]));
  const peers = Object.keys(manifest.peerDependencies).map((name) => [name, manifest.devDependencies[name]]);
  expect(versions).toEqual(Object.fromEntries(peers));
});

test('the image ends with a user that is not root, and a stage that installs no compiler', () => {
  const [, last] = text('Dockerfile').split(/\nFROM (?=\S+-slim)/) as [string, string];
  expect(last).toMatch(/\nUSER 1000:1000\n/);
  expect(last).not.toMatch(/apt-get|g\+\+|cmake/);
});

test.each(['kubernetes.yaml', 'kserve.yaml'])('%s: a pod has the time to answer what it accepted', (file) => {
  const manifest = text(file);
  const grace = number(/terminationGracePeriodSeconds: (\d+)/, manifest);
  const before = number(/command: \[sleep, '(\d+)'\]/, manifest) || 0;
  expect(grace).toBeGreaterThan(before + 10);
});
