import { backend, layers, sequential } from 'neocog';
import { describe, expect, test } from 'vitest';
import { runModule } from './support/child.js';
import { available, engines, nativeMissing, open } from './support/engines.js';
import { openBinding } from './support/internals.js';
import { randomTensor } from './support/nets.js';
import { root } from './support/paths.js';

describe('which engine computes', () => {
  test.for(available)('$name is the one that runs when it is asked for', (engine) => {
    const { name, options } = engine;
    const info = open(engine);
    expect(info.name === 'js' ? 'js' : `native ${info.isa}`).toBe(name);
    const net = sequential({ layers: [layers.relu({ inputShape: [4] })], ...options });
    expect(net.backend).toMatchObject({ name: info.name, isa: info.isa });
  });

  test.for(engines.filter(({ name }) => name !== 'js'))(
    '$name by NEOCOG_ISA: it runs, or says that the machine lacks it',
    async ({ name, missing }) => {
      if (nativeMissing !== undefined) return;
      const isa = name.split(' ')[1] as string;
      const code = `import { backend } from 'neocog'; try { console.log(backend().isa); } catch (error) { console.log(error.name, error.message); }`;
      const { stdout } = await runModule(code, { cwd: root, env: { NEOCOG_ISA: isa } });
      if (missing === undefined) expect(stdout).toBe(`${isa}\n`);
      else expect(stdout).toMatch(new RegExp(`^BackendError .*${isa}`));
    },
  );

  test.skipIf(nativeMissing !== undefined)(
    'the instruction sets give answers of their own: another code ran',
    () => {
      const x = randomTensor([1, 9, 9, 16]);
      const answers = available
        .filter(({ name }) => name !== 'js')
        .map(({ options }) => {
          const net = sequential({
            layers: [layers.conv2d({ inputShape: [9, 9, 16], filters: 16, kernelSize: 3 })],
            seed: 3,
            ...options,
          });
          return net.predictSync(x).data.join();
        });
      // A fused multiply-add rounds once, so the scalar code differs from every vector one in some last bit.
      if (answers.length > 1) expect(new Set(answers).size).toBeGreaterThan(1);
    },
  );

  test.skipIf(nativeMissing !== undefined)('the peak of each instruction set is measured', () => {
    for (const { name, supported } of openBinding().isas()) {
      if (supported) expect(openBinding().peak(name, 5)).toBeGreaterThan(0.5);
    }
  });

  test('backend() is plain and frozen', () => {
    const info = backend();
    expect(Object.isFrozen(info)).toBe(true);
    expect(['native', 'js']).toContain(info.name);
    expect(info.threads).toBeGreaterThanOrEqual(1);
    if (info.name === 'js') expect(info.reason).toBeDefined();
    else expect(info.reason).toBeUndefined();
  });

  test('NEOCOG_THREADS counts', async () => {
    const code = `import { backend } from 'neocog'; console.log(backend().threads);`;
    const { stdout } = await runModule(code, { cwd: root, env: { NEOCOG_THREADS: '3' } });
    expect(stdout).toBe(nativeMissing === undefined ? '3\n' : '1\n');
  });
});
