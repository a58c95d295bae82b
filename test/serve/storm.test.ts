import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layers, sequential } from 'neocog';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { keptFolder } from '../support/package.js';
import { neocogServe } from '../support/serving.js';

const mib = 2 ** 20;
const file = join(keptFolder(), 'net.safetensors');
const body = Buffer.alloc(16 * mib);
const headers = { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' };

beforeAll(() =>
  sequential({ layers: [layers.globalAveragePooling2d({ inputShape: [2048, 2048, 1] })] }).save(file),
);

/** The memory that a server took at most for 60 large requests at once, besides what it had when it was ready. */
async function peakOf(args: readonly string[]) {
  const served = await neocogServe([file, ...args]);
  onTestFinished(() => void served.child.kill('SIGKILL'));
  const status = (name: string): number => {
    const text = readFileSync(`/proc/${served.child.pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1024;
  };
  const before = status('VmRSS');
  const send = async (): Promise<number> => {
    const answer = await fetch(`${served.url}/v2/models/net/infer`, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    return answer.status;
  };
  const answers = await Promise.all(Array.from({ length: 60 }, send));
  const peak = status('VmHWM') - before;
  // A calm server takes what a busy one has refused.
  expect(await send()).toBe(200);
  return { peak, statuses: [...new Set(answers)].sort() };
}

// Besides the budget there are the runs themselves, two batches at most, and what the collector has not seen yet: V8 begins
// to collect at 64 MiB outside of its heap.
const bound = (128 + 192) * mib;

test.skipIf(process.platform !== 'linux')('a storm of large requests stays within the budget', async () => {
  const held = await peakOf(['--memory-budget', '128M']);
  expect(held.statuses).toEqual([200, 503]);
  expect(held.peak).toBeLessThan(bound);
  const free = await peakOf([]);
  expect(free.statuses).toEqual([200]);
  expect(free.peak).toBeGreaterThan(2 * bound);
});
