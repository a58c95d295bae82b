import { describe, expect, test } from 'vitest';
import { type Ended, runModule } from './support/child.js';
import { nativeMissing } from './support/engines.js';
import { root } from './support/paths.js';

/** The body of a worker thread; the main thread of these children never imports the package. */
const workerBody = (then: string): string =>
  JSON.stringify(`
  import { parentPort } from 'node:worker_threads';
  import { backend, layers, sequential, tensor } from 'neocog';
  const net = sequential({ layers: [
    layers.conv2d({ inputShape: [32, 32, 16], filters: 32, kernelSize: 3, padding: 'same' }),
    layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same' }),
  ] });
  const x = (n) => tensor(new Float32Array(n * 32 * 32 * 16).fill(0.5), [n, 32, 32, 16]);
  ${then}
`);

const prelude = (then: string): string => `
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
const start = () => new Worker(new URL('data:text/javascript,' + encodeURIComponent(body)));
const body = ${workerBody(then).replaceAll("from 'neocog'", `from '${new URL('../dist/index.js', import.meta.url).href}'`)};
`;

function child(engine: string, inside: string, code: string, flags: readonly string[] = []): Promise<Ended> {
  const env = { NEOCOG_BACKEND: engine, NEOCOG_THREADS: '2' };
  return runModule(prelude(inside) + code, { cwd: root, env, flags, timeout: 120_000 });
}

function expectFine(ended: Ended, output: string): void {
  expect(ended.signal, ended.stderr).toBe(null);
  expect(ended.status, ended.stderr).toBe(0);
  expect(ended.stderr).toBe('');
  expect(ended.stdout).toContain(output);
}

const runForever = `
  parentPort.postMessage(backend().name);
  for (;;) { net.predict(x(4)); net.predictSync(x(1)); await net.predict(x(2)); }
`;

for (const engine of ['js', 'native']) {
  describe.skipIf(engine === 'native' && nativeMissing !== undefined)(
    `worker threads on ${engine}${engine === 'native' && nativeMissing ? ` (${nativeMissing})` : ''}`,
    () => {
      test('a package that only a worker loads: it works, ends, and is loaded again', async () => {
        const code = `
        for (let i = 0; i < 3; i++) {
          const worker = start();
          // Both at once: the worker may have ended before the message is looked at.
          const [[name], [status]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
          console.log(name, status);
        }
        await wait(100);
        console.log('alive');`;
        const inside = `net.predictSync(x(1)); await net.predict(x(2)); parentPort.postMessage(backend().name);`;
        expectFine(await child(engine, inside, code), `${engine} 0\n${engine} 0\n${engine} 0\nalive`);
      });

      const rounds = engine === 'native' ? 100 : 12;
      test(`terminated in the middle of runs, ${rounds} times`, async () => {
        const code = `
        let ended = 0;
        const one = async (i) => {
          const worker = start();
          await once(worker, 'message');
          await wait(i % 7);
          await worker.terminate();
          ended++;
        };
        for (let i = 0; i < ${rounds}; i += 4) await Promise.all([one(i), one(i + 1), one(i + 2), one(i + 3)]);
        await wait(50);
        console.log('ended', ended);`;
        expectFine(await child(engine, runForever, code), `ended ${rounds}`);
      });

      test('several threads at once give the same answers', async () => {
        const inside = `
        const sum = (data) => data.reduce((total, value) => total + value, 0);
        net.setWeights(net.getWeights().map(({ shape, data }, k) =>
          tensor(Float32Array.from(data, (_, i) => ((i * 7 + k) % 11 - 5) / 10), shape)));
        const answers = [];
        for (let i = 0; i < 10; i++) { answers.push(sum(net.predictSync(x(2)).data)); answers.push(sum((await net.predict(x(2))).data)); }
        parentPort.postMessage([...new Set(answers)].join());`;
        const code = `
        const answers = await Promise.all(Array.from({ length: 4 }, async () => (await once(start(), 'message'))[0]));
        console.log('different answers:', new Set(answers).size, answers[0].split(',').length);
        process.exit(0);`;
        expectFine(await child(engine, inside, code), 'different answers: 1 1');
      });

      test('the main thread ends while a worker computes', async () => {
        const code = `const worker = start(); await once(worker, 'message'); console.log('bye'); process.exit(0);`;
        expectFine(await child(engine, runForever, code), 'bye');
      });
    },
  );
}
