import { layers, sequential, type Tensor } from 'neocog';
import { expect, test } from 'vitest';
import { available } from '../support/engines.js';
import { randomTensor } from '../support/nets.js';

/** Milliseconds of the fastest of several runs. */
function fastest(run: () => void): number {
  run();
  const times = Array.from({ length: 40 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

// Number 28 of the list of bad inputs. Where denormals are not flushed, one as an operand costs up to a hundred times
// as much; the TypeScript engine cannot flush them, but its sums are float64, where they are ordinary numbers.
test.for(available)('denormals are not slow on $name', ({ options }) => {
  const net = sequential({
    layers: [layers.conv2d({ inputShape: [32, 32, 32], filters: 32, kernelSize: 3, padding: 'same' })],
    ...options,
    threads: 1,
  });
  const time = (x: Tensor): number => fastest(() => net.predictSync(x));
  const usual = time(randomTensor([1, 32, 32, 32]));
  const tiny = time(randomTensor([1, 32, 32, 32], 1, 1e-40, 9e-39));
  expect(tiny / usual).toBeLessThan(3);
});
