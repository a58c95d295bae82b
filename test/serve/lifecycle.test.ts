import { describe, expect, test } from 'vitest';
import { runModule } from '../support/child.js';
import { backends } from '../support/engines.js';
import { root } from '../support/paths.js';

const start = `
import { layers, sequential, tensor } from 'neocog';
import { batcher } from 'neocog/serve';
const net = () => sequential({ layers: [layers.dense({ inputShape: [16], units: 16 })] });
const row = tensor(new Float32Array(16).fill(0.5), [16]);
`;

for (const { name, title, missing } of backends) {
  const child = (code: string, flags: readonly string[] = []) =>
    runModule(start + code, { cwd: root, env: { NEOCOG_BACKEND: name, NEOCOG_THREADS: '2' }, flags });

  describe.skipIf(missing !== undefined)(`the life of a batcher on ${title}`, () => {
    test('an idle one does not keep the process alive, whatever its limits', async () => {
      const begin = performance.now();
      const ended = await child(`
        const made = batcher(net(), { timeoutMs: 50_000, maxQueueDelayMs: 10 });
        await made.predict(row);
        console.log('done');
      `);
      expect(ended).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' });
      expect(performance.now() - begin).toBeLessThan(40_000);
    });

    test('requests that wait do, until they are answered', async () => {
      const ended = await child(`
        const made = batcher(net(), { timeoutMs: 50_000, maxQueueDelayMs: 200 });
        made.predict(row).then(({ shape }) => console.log(shape));
      `);
      expect(ended).toMatchObject({ status: 0, stdout: '[ 16 ]\n', stderr: '' });
    });

    test('one that nobody holds is collected, after its work and with its model', async () => {
      const ended = await child(
        `
        const refs = [];
        for (let i = 0; i < 20; i++) {
          const made = batcher(net(), { timeoutMs: 50_000 });
          await Promise.all([made.predict(row), made.predict(row)]);
          refs.push(new WeakRef(made), new WeakRef(made.model));
        }
        const alive = () => refs.filter((ref) => ref.deref()).length;
        for (let i = 0; i < 50 && alive() > 2; i++) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          gc();
        }
        console.log(alive() <= 2);
      `,
        ['--expose-gc'],
      );
      expect(ended).toMatchObject({ status: 0, stdout: 'true\n', stderr: '' });
    });
  });
}
