import { describe, expect, test } from 'vitest';
import { type Ended, runModule } from './support/child.js';
import { nativeMissing } from './support/engines.js';
import { root } from './support/paths.js';

/** A network that keeps its engine busy for a while, in every child. */
const busyNet = `
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { backend, layers, ops, sequential, tensor } from 'neocog';
const busy = () => sequential({ layers: [
  layers.conv2d({ inputShape: [56, 56, 32], filters: 64, kernelSize: 3, padding: 'same' }),
  layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same' }),
  layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same' }),
] });
const small = () => sequential({ layers: [layers.dense({ inputShape: [16], units: 16 }), layers.relu()] });
const image = (n) => tensor(new Float32Array(n * 56 * 56 * 32).fill(0.5), [n, 56, 56, 32]);
const row = tensor(new Float32Array(16).fill(0.5), [1, 16]);
`;

function child(
  engine: string,
  code: string,
  flags: readonly string[] = [],
  timeout = 60_000,
): Promise<Ended> {
  return runModule(busyNet + code, {
    cwd: root,
    env: { NEOCOG_BACKEND: engine, NEOCOG_THREADS: '2' },
    flags,
    timeout,
  });
}

function expectQuietEnd(ended: Ended, output = '', status = 0): void {
  expect(ended.signal, ended.stderr).toBe(null);
  expect(ended.status, ended.stderr).toBe(status);
  expect(ended.stderr).toBe('');
  if (output) expect(ended.stdout).toContain(output);
}

const engines = ['js', 'native'].map((engine) => ({
  engine,
  missing: engine === 'native' ? nativeMissing : undefined,
}));

for (const { engine, missing } of engines) {
  describe.skipIf(missing !== undefined)(
    `life and death on ${engine}${missing ? ` (${missing})` : ''}`,
    () => {
      test('the process ends by itself after runs of every kind', async () => {
        const code = `const net = small(); net.predictSync(row); await net.predict(row); ops.relu(row); console.log(backend().name);`;
        expectQuietEnd(await child(engine, code), engine);
      });

      test('process.exit in the middle of a run', async () => {
        const code = `const net = busy(); const running = net.predict(image(64)); await turn(); process.exit(3);`;
        expectQuietEnd(await child(engine, code), '', 3);
      });

      test('an uncaught exception in the middle of a run', async () => {
        const code = `const net = busy(); net.predict(image(64)); await turn(); throw new Error('planned');`;
        const ended = await child(engine, code);
        expect(ended).toMatchObject({ signal: null, status: 1 });
        expect(ended.stderr).toMatch(/planned/);
      });

      test('an answer nobody waits for does not disturb the end', async () => {
        expectQuietEnd(await child(engine, `busy().predict(image(2)); console.log('end');`), 'end');
      });

      test('denormals of JavaScript are as they were: after load, sync and async runs', async () => {
        const code = `
        const alive = () => { let tiny = Number.MIN_VALUE; return tiny * 1 > 0 && 1e-310 * 0.5 > 0 && Math.fround(2 ** -149) > 0; };
        const states = [alive()];
        const net = busy(); states.push(alive());
        net.predictSync(image(1)); states.push(alive());
        const running = net.predict(image(2)); states.push(alive());
        await running; states.push(alive());
        ops.multiply(row, row); states.push(alive());
        console.log(states.join());`;
        expectQuietEnd(await child(engine, code), 'true,true,true,true,true,true');
      });

      test('idle: no processor time after runs', async () => {
        const code = `
        const net = busy(); net.predictSync(image(1)); await net.predict(image(2));
        await wait(300);
        const before = process.cpuUsage(); await wait(1500); const { user, system } = process.cpuUsage(before);
        console.log(JSON.stringify({ ms: (user + system) / 1000 }));
        process.exit(0);`;
        const ended = await child(engine, code);
        expectQuietEnd(ended);
        expect(JSON.parse(ended.stdout).ms).toBeLessThan(50);
      });

      test('10,000 predictions keep the memory flat', async () => {
        const code = `
        const net = small();
        const rss = () => { globalThis.gc(); return process.memoryUsage.rss() / 2 ** 20; };
        const out = tensor(new Float32Array(16), [1, 16]);
        const round = async (count) => {
          for (let i = 0; i < count; i++) {
            net.predictSync(row); net.predictSync(row, { out });
            if (i % 4 === 0) await net.predict(row);
          }
        };
        await round(3000);
        const before = rss();
        await round(10_000);
        console.log(JSON.stringify({ grown: rss() - before }));
        process.exit(0);`;
        const ended = await child(engine, code, ['--expose-gc']);
        expectQuietEnd(ended);
        expect(JSON.parse(ended.stdout).grown).toBeLessThan(8);
      });

      test('garbage collection alone frees what models hold', async () => {
        // 200 models of 4 MB weights, each held two times and more: 1.6 GB if none were freed.
        const code = `
        const make = () => sequential({ layers: [layers.dense({ inputShape: [1024], units: 1024, kernelInitializer: 'zeros' })] });
        const x = tensor(new Float32Array(1024), [1, 1024]);
        let peak = 0;
        for (let i = 0; i < 200; i++) {
          const net = make();
          net.predictSync(x);
          if (i % 20 === 0) await net.predict(x);
          if (i % 10 === 0) { globalThis.gc(); await turn(); }
          peak = Math.max(peak, process.memoryUsage.rss() / 2 ** 20);
        }
        globalThis.gc(); await wait(50); globalThis.gc(); await wait(50);
        console.log(JSON.stringify({ peak, end: process.memoryUsage.rss() / 2 ** 20 }));
        process.exit(0);`;
        const ended = await child(engine, code, ['--expose-gc']);
        expectQuietEnd(ended);
        const { peak, end } = JSON.parse(ended.stdout);
        expect(peak).toBeLessThan(600);
        expect(end).toBeLessThan(450);
      });

      test('a model that is collected while its answer is on the way', async () => {
        const code = `
        let net = busy(); const wanted = net.predictSync(image(1)).data[7];
        const running = net.predict(image(2)); net = undefined;
        for (let i = 0; i < 20; i++) { globalThis.gc(); await turn(); }
        console.log((await running).data[7] === wanted);
        process.exit(0);`;
        expectQuietEnd(await child(engine, code, ['--expose-gc']), 'true');
      });

      test('models cannot be posted to another thread', async () => {
        const code = `try { structuredClone(small()); console.log('cloned'); } catch (error) { console.log(error.name); }`;
        expectQuietEnd(await child(engine, code), 'DataCloneError');
      });
    },
  );
}

describe.skipIf(nativeMissing !== undefined)('memory of the native engine', () => {
  test('V8 is told of packed weights, and told again when they are gone', async () => {
    const code = `
      const external = () => { globalThis.gc(); return process.memoryUsage().external / 2 ** 20; };
      const before = external();
      let nets = Array.from({ length: 8 }, () => {
        const net = sequential({ layers: [layers.dense({ inputShape: [1024], units: 1024, kernelInitializer: 'zeros' })] });
        net.predictSync(tensor(new Float32Array(1024), [1, 1024]));
        return net;
      });
      const held = external() - before;
      nets = undefined;
      for (let i = 0; i < 5; i++) { globalThis.gc(); await turn(); }
      console.log(JSON.stringify({ held, left: external() - before }));
      process.exit(0);`;
    const ended = await child('native', code, ['--expose-gc']);
    expectQuietEnd(ended);
    const { held, left } = JSON.parse(ended.stdout);
    expect(held).toBeGreaterThan(30);
    expect(Math.abs(left)).toBeLessThan(5);
  });

  test('collection without anybody asking for it', async () => {
    const code = `
      const x = tensor(new Float32Array(2048), [1, 2048]);
      let peak = 0;
      for (let i = 0; i < 150; i++) {
        sequential({ layers: [layers.dense({ inputShape: [2048], units: 2048, kernelInitializer: 'zeros' })] }).predictSync(x);
        await turn();
        peak = Math.max(peak, process.memoryUsage.rss() / 2 ** 20);
      }
      console.log(JSON.stringify({ peak }));
      process.exit(0);`;
    // 150 x 16 MB (and as much in the model) would be 2.4 GB and more.
    const ended = await child('native', code);
    expectQuietEnd(ended);
    expect(JSON.parse(ended.stdout).peak).toBeLessThan(1500);
  });

  test('models loaded from bytes, one after the other, without a pause', async () => {
    const code = `
      import { loadOnnx, saveOnnx } from 'neocog';
      import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      const folder = mkdtempSync(tmpdir() + '/neocog-models-');
      await saveOnnx(sequential({ layers: [layers.dense({ inputShape: [256], units: 1024 })] }), folder + '/net.onnx');
      const bytes = readFileSync(folder + '/net.onnx');
      rmSync(folder, { recursive: true });
      let peak = 0;
      for (let i = 0; i < 600; i++) {
        await loadOnnx(bytes);
        peak = Math.max(peak, process.memoryUsage.rss() / 2 ** 20);
      }
      console.log(JSON.stringify({ peak }));
      process.exit(0);`;
    // 600 x 1 MiB of packed weights, and as much in the files.
    const ended = await child('native', code);
    expectQuietEnd(ended);
    expect(JSON.parse(ended.stdout).peak).toBeLessThan(450);
  });
});
