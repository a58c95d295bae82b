import { getEventListeners } from 'node:events';
import { BackendError, layers, type Model, sequential, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { backends } from './support/engines.js';
import { digitLayers, lenetLayers, randomTensor } from './support/nets.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

for (const { name, title, options, missing } of backends) {
  describe.skipIf(missing !== undefined)(`predict on ${title}`, () => {
    const net =
      missing === undefined
        ? sequential({ layers: lenetLayers(), ...options })
        : (undefined as unknown as Model);
    const big =
      missing === undefined
        ? sequential({ layers: digitLayers(), ...options })
        : (undefined as unknown as Model);
    const x = randomTensor([4, 28, 28, 1], 1, 0, 1);

    test('says which engine computes', () => {
      expect(net.backend.name).toBe(name);
    });

    test('gives what predictSync gives, for a batch and for one sample without it', async () => {
      const y = net.predictSync(x);
      expect(y.shape).toEqual([4, 10]);
      expect((await net.predict(x)).data).toEqual(y.data);
      const one = tensor(x.data.slice(784, 2 * 784), [28, 28, 1]);
      const alone = await net.predict(one);
      expect(alone.shape).toEqual([10]);
      expect(alone.data).toEqual(y.data.slice(10, 20));
      for (let i = 0; i < 4; i++) {
        const sum = y.data.slice(10 * i, 10 * i + 10).reduce((total, value) => total + value, 0);
        expect(sum).toBeCloseTo(1, 5);
      }
    });

    test('an object by name in, an object by name out', async () => {
      const y = net.predictSync(x);
      const [inputName, outputName] = [net.inputs[0]?.name as string, net.outputs[0]?.name as string];
      expect(inputName).toBe('input_1');
      const named = await net.predict({ [inputName]: x });
      expect(Object.keys(named)).toEqual([outputName]);
      expect(named[outputName]?.data).toEqual(y.data);
      const out = tensor(new Float32Array(40), [4, 10]);
      const sync = net.predictSync({ [inputName]: x }, { out: { [outputName]: out } });
      expect(sync[outputName]).toBe(out);
      expect(out.data).toEqual(y.data);
    });

    test('copies its input before it returns', async () => {
      const wanted = net.predictSync(x);
      const changing = tensor(x.data.slice(), x.shape);
      const promise = net.predict(changing);
      changing.data.fill(Number.NaN);
      expect((await promise).data).toEqual(wanted.data);
      const moved = tensor(x.data.slice(), x.shape);
      const second = net.predict(moved);
      structuredClone(moved.data.buffer, { transfer: [moved.data.buffer as ArrayBuffer] });
      expect((await second).data).toEqual(wanted.data);
    });

    test('does not block the event loop', async () => {
      const many = randomTensor([name === 'js' ? 32 : 256, 28, 28, 1], 1, 0, 1);
      await big.predict(x);
      let turns = 0;
      let longest = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        const now = performance.now();
        turns++;
        longest = Math.max(longest, now - last);
        last = now;
      }, 1);
      const start = performance.now();
      await big.predict(many);
      const whole = performance.now() - start;
      clearInterval(timer);
      // On a machine whose cores are all busy a timer comes late by itself: a blocked loop has no turn at all.
      expect(turns, `turns in ${whole} ms`).toBeGreaterThanOrEqual(3);
      expect(longest).toBeLessThan(whole / 2);
    });

    test('a hundred predictions at once, of several batch sizes', async () => {
      const sizes = Array.from({ length: 100 }, (_, i) => 1 + (i % 5));
      const answers = await Promise.all(
        sizes.map((size) => net.predict(randomTensor([size, 28, 28, 1], size, 0, 1))),
      );
      const wanted = [1, 2, 3, 4, 5].map((size) =>
        net.predictSync(randomTensor([size, 28, 28, 1], size, 0, 1)),
      );
      answers.forEach(({ data }, i) => {
        expect(data).toEqual(wanted[(sizes[i] as number) - 1]?.data);
      });
    });

    test('a run in flight finishes with the weights it began with', async () => {
      const small = sequential({
        layers: [layers.dense({ inputShape: [300], units: 300, useBias: false })],
        ...options,
      });
      const ones = tensor(new Float32Array(300 * 300).fill(1), [300, 300]);
      const twos = tensor(new Float32Array(300 * 300).fill(2), [300, 300]);
      const input = tensor(new Float32Array(64 * 300).fill(1), [64, 300]);
      small.setWeights([ones]);
      const before = Array.from({ length: 5 }, () => small.predict(input));
      small.setWeights([twos]);
      const after = small.predict(input);
      ones.data.fill(7);
      for (const { data } of await Promise.all(before))
        expect(data.every((value) => value === 300)).toBe(true);
      expect((await after).data.every((value) => value === 600)).toBe(true);
      expect(small.predictSync(input).data.every((value) => value === 600)).toBe(true);
    });

    test('disposed early: runs in flight finish, later ones are refused', async () => {
      const once = sequential({ layers: lenetLayers(), ...options });
      const wanted = once.predictSync(x).data;
      const running = once.predict(x);
      once[Symbol.dispose]();
      once[Symbol.dispose]();
      expect((await running).data).toEqual(wanted);
      expect(() => once.predictSync(x)).toThrow(BackendError);
      await expect(once.predict(x)).rejects.toThrow(/disposed/);
    });

    describe('AbortSignal', () => {
      test('aborted before: rejects with the reason and computes nothing', async () => {
        const reason = new Error('no longer wanted');
        await expect(net.predict(x, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      });

      test('aborted during: rejects soon with the reason, the next run is not touched', async () => {
        const many = randomTensor([name === 'js' ? 64 : 512, 28, 28, 1], 1, 0, 1);
        const controller = new AbortController();
        const promise = big.predict(many, { signal: controller.signal });
        await turn();
        controller.abort();
        await expect(promise).rejects.toMatchObject({ name: 'AbortError' });
        expect(listeners(controller.signal)).toBe(0);
        expect((await net.predict(x)).data).toEqual(net.predictSync(x).data);
      });

      test('aborted after: changes nothing; no listener stays behind', async () => {
        const controller = new AbortController();
        for (let i = 0; i < 30; i++) await net.predict(x, { signal: controller.signal });
        expect(listeners(controller.signal)).toBe(0);
        const { data } = await net.predict(x, { signal: controller.signal });
        controller.abort();
        expect(data).toEqual(net.predictSync(x).data);
      });

      test('many runs on one signal', async () => {
        const controller = new AbortController();
        const runs = Array.from({ length: 20 }, () => big.predict(x, { signal: controller.signal }));
        // One for all: Node prints a warning of a leak at the eleventh.
        expect(listeners(controller.signal)).toBe(1);
        controller.abort();
        const states = await Promise.allSettled(runs);
        for (const state of states) {
          if (state.status === 'rejected') expect(state.reason.name).toBe('AbortError');
        }
        expect(listeners(controller.signal)).toBe(0);
      });
    });

    describe('predictStream', () => {
      async function* samples(count: number, pulled?: { count: number }): AsyncGenerator<Tensor> {
        for (let i = 0; i < count; i++) {
          if (pulled) pulled.count++;
          yield randomTensor([28, 28, 1], i, 0, 1);
        }
      }

      async function collect(source: AsyncIterable<Tensor>): Promise<Tensor[]> {
        const all: Tensor[] = [];
        for await (const item of source) all.push(item);
        return all;
      }

      test.for([1, 4, 7, 32])('keeps the order with batches of %d, the last one short', async (batchSize) => {
        const outputs = await collect(net.predictStream(samples(10), { batchSize }));
        expect(outputs.length).toBe(10);
        outputs.forEach(({ data, shape }, i) => {
          expect(shape).toEqual([10]);
          expect(data).toEqual(net.predictSync(randomTensor([28, 28, 1], i, 0, 1)).data);
        });
      });

      test('an array is a source, an empty one gives nothing', async () => {
        expect(await collect(net.predictStream([], { batchSize: 2 }))).toEqual([]);
        const outputs = await collect(net.predictStream([randomTensor([28, 28, 1])], { batchSize: 2 }));
        expect(outputs.length).toBe(1);
      });

      test('back-pressure: the source is not read far ahead of the reader', async () => {
        const pulled = { count: 0 };
        const stream = net.predictStream(samples(1000, pulled), { batchSize: 4 });
        let taken = 0;
        for await (const _ of stream) {
          taken++;
          await turn();
          expect(pulled.count).toBeLessThanOrEqual(taken + 16);
          if (taken === 20) break;
        }
        expect(pulled.count).toBeLessThan(50);
      });

      test('leaving early closes the source; an error of the source arrives', async () => {
        let closed = false;
        async function* source(): AsyncGenerator<Tensor> {
          try {
            for (;;) yield randomTensor([28, 28, 1]);
          } finally {
            closed = true;
          }
        }
        for await (const _ of net.predictStream(source(), { batchSize: 2 })) break;
        expect(closed).toBe(true);
        async function* broken(): AsyncGenerator<Tensor> {
          yield randomTensor([28, 28, 1]);
          throw new Error('the disk is gone');
        }
        await expect(collect(net.predictStream(broken(), { batchSize: 1 }))).rejects.toThrow(
          'the disk is gone',
        );
      });

      test('abort ends it', async () => {
        const controller = new AbortController();
        const stream = net.predictStream(samples(1000), { batchSize: 2, signal: controller.signal });
        const read = async (): Promise<void> => {
          let taken = 0;
          for await (const _ of stream) if (++taken === 4) controller.abort();
        };
        await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
        expect(listeners(controller.signal)).toBe(0);
      });
    });
  });
}
