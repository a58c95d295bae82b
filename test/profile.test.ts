import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { input, layers, loadOnnx, model, OptionError, ShapeError, saveOnnx, sequential } from 'neocog';
import { describe, expect, test } from 'vitest';
import { available } from './support/engines.js';
import { lenetLayers, randomTensor } from './support/nets.js';

const macs = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10;

describe.each(available)('$title', ({ options }) => {
  test('every step once, with its work', () => {
    const net = sequential({ ...options, layers: lenetLayers() });
    const { batch, runs, ms, steps } = net.profile(randomTensor([3, 28, 28, 1]), { runs: 5 });
    expect([batch, runs]).toEqual([3, 5]);
    expect(steps.map(({ op }) => op).filter((op) => op === 'conv2d' || op === 'matmul')).toHaveLength(5);
    expect(steps.reduce((sum, step) => sum + step.macs, 0)).toBe(3 * macs);
    expect(steps.every((step) => step.ms >= 0 && step.bytes > 0)).toBe(true);
    expect(ms).toBeGreaterThan(0);
    expect(steps.reduce((sum, step) => sum + step.ms, 0)).toBeCloseTo(ms, 9);
  });

  test('makes an input up where its shape is known, by name where there are several', () => {
    const [a, b] = [input({ shape: [4], name: 'a' }), input({ shape: [4], name: 'b' })];
    const net = model({ ...options, inputs: [a, b], outputs: layers.add().apply([a, b]) });
    expect(net.profile(undefined, { runs: 1 }).batch).toBe(1);
    const given = { a: randomTensor([2, 4]), b: randomTensor([2, 4]) };
    expect(net.profile(given, { runs: 1 }).batch).toBe(2);
  });

  test('a graph from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'neocog-profile-'));
    try {
      const path = join(folder, 'lenet.onnx');
      await saveOnnx(sequential({ layers: lenetLayers() }), path);
      const net = await loadOnnx(path, options);
      const { steps } = net.profile(undefined, { runs: 2 });
      expect(steps.reduce((sum, step) => sum + step.macs, 0)).toBe(macs);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('as text: a table, the slowest step first, with the sum below', () => {
  const net = sequential({ layers: lenetLayers() });
  const lines = String(net.profile(undefined, { runs: 2 })).split('\n');
  expect(lines[0]).toMatch(/^step +op +ms +share +GFLOP\/s +GB\/s$/);
  const times = lines.slice(2, -3).map((line) => Number(/(\d+\.\d+) +\d+\.\d %/.exec(line)?.[1]));
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(lines.at(-2)).toMatch(/^total .*100\.0 %/);
  expect(lines.at(-1)).toMatch(/medians of 2 runs with a batch of 1/);
});

test('refuses what it cannot run', () => {
  const net = sequential({ layers: [layers.dense({ inputShape: [3], units: 2 })] });
  expect(() => net.profile(randomTensor([1, 4]))).toThrow(ShapeError);
  expect(() => net.profile(randomTensor([1, 3]), { runs: 0 })).toThrow(OptionError);
  expect(() => net.profile(randomTensor([1, 3]), { rounds: 1 } as object)).toThrow(/rounds/);
});
