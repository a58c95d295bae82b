import { input, layers, load, model, sequential, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { backends } from '../support/engines.js';
import { refused } from '../support/refusal.js';

// Numbers in names are those of the list of bad inputs, group A: tensors and shapes.

const data = (size: number): Float32Array => new Float32Array(size);

for (const { title, options, missing } of backends) {
  describe.skipIf(missing !== undefined)(`A tensors at a model on ${title}`, () => {
    const make = () =>
      sequential({
        layers: [layers.maxPooling2d({ inputShape: [4, 4, 3], poolSize: 2 }), layers.flatten()],
        ...options,
      });
    const image = () =>
      tensor(
        Float32Array.from({ length: 48 }, (_, i) => i),
        [1, 4, 4, 3],
      );
    const wanted = [15, 16, 17, 21, 22, 23, 39, 40, 41, 45, 46, 47];

    test.for([
      ['another rank', [4, 4, 3, 1, 1]],
      ['another size', [1, 4, 6, 2]],
      ['channels first', [1, 3, 4, 4]],
      ['flat', [48]],
    ] as const)('%s than the model takes', async ([, shape]) => {
      const x = tensor(data(48), shape);
      await refused(() => make().predictSync(x), /expected/, /\[/);
      await refused(() => make().predict(x), /expected/, /\[/);
    });

    test('a batch of zero cannot be made; names that are wrong are listed', async () => {
      await refused(() => tensor(data(0), [0, 4, 4, 3]), 'tensor');
      const net = make();
      await refused(() => net.predictSync({ wrong: image() } as never), /input_1/, /wrong/);
      await refused(() => net.predictSync({} as never), /input_1/);
      await refused(() => net.predictSync({ input_1: image(), more: image() } as never), /more/);
    });

    test('9 a working size that would overflow', async () => {
      await refused(
        () =>
          sequential({
            layers: [
              layers.conv2d({ inputShape: [40_000, 40_000, 1], filters: 64, kernelSize: 3, padding: 'same' }),
            ],
            ...options,
          }),
        /conv2d/,
      );
      await refused(
        () =>
          sequential({
            layers: [layers.zeroPadding2d({ inputShape: [4, 4, 3], padding: 2 ** 30 })],
            ...options,
          }),
        /zeroPadding2d/,
      );
      await refused(
        () =>
          sequential({ layers: [layers.upSampling2d({ inputShape: [4, 4, 3], size: 2 ** 30 })], ...options }),
        /upSampling2d/,
      );
    });

    test('14 odd byte offsets: any view of float32 is computed alike', async () => {
      const bytes = new ArrayBuffer(4 * 60);
      for (const byteOffset of [0, 4, 12, 20, 36]) {
        const view = new Float32Array(bytes, byteOffset, 48);
        view.set(image().data);
        const net = make();
        expect([...net.predictSync(tensor(view, [1, 4, 4, 3])).data]).toEqual(wanted);
        expect([...(await net.predict(tensor(view, [1, 4, 4, 3]))).data]).toEqual(wanted);
      }
      // Node's pool of Buffers has any offset: bytes are copied into place by whoever makes floats of them.
      const pooled = Buffer.from(new Uint8Array(image().data.buffer));
      const odd = Buffer.concat([Buffer.alloc(1), pooled]).subarray(1);
      expect(() => new Float32Array(odd.buffer, odd.byteOffset | 1, 48)).toThrow(RangeError);
      const net = make();
      const saved = Buffer.concat([Buffer.alloc(3), await net.toBytes()]).subarray(3);
      const again = await load(saved, options);
      expect([...again.predictSync(image()).data]).toEqual(wanted);
    });

    test('17 input transferred while the run goes on', async () => {
      const x = image();
      const running = make().predict(x);
      structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
      expect([...(await running).data]).toEqual(wanted);
    });

    test('18 input on a resizable buffer that shrinks while the run goes on', async () => {
      const Resizable = ArrayBuffer as unknown as new (
        length: number,
        options: object,
      ) => ArrayBuffer & { resize(n: number): void };
      const buffer = new Resizable(192, { maxByteLength: 400 });
      const view = new Float32Array(buffer);
      view.set(image().data);
      const x = tensor(view, [1, 4, 4, 3]);
      const net = make();
      expect([...net.predictSync(x).data]).toEqual(wanted);
      const running = net.predict(x);
      buffer.resize(0);
      expect([...(await running).data]).toEqual(wanted);
      await refused(() => net.predictSync(x), /transferred|detached|resized/);
    });

    test('20 input in shared memory that changes during the run: what was there at the call counts', async () => {
      const view = new Float32Array(new SharedArrayBuffer(192));
      view.set(image().data);
      const net = make();
      const x = tensor(view as unknown as Float32Array, [1, 4, 4, 3]);
      expect([...net.predictSync(x).data]).toEqual(wanted);
      const running = net.predict(x);
      view.fill(1000);
      expect([...(await running).data]).toEqual(wanted);
    });

    test('21 input in the memory of a WebAssembly module that grows during the run', async () => {
      const wasm = (
        globalThis as unknown as {
          WebAssembly: { Memory: new (o: object) => { buffer: ArrayBuffer; grow(n: number): number } };
        }
      ).WebAssembly;
      const memory = new wasm.Memory({ initial: 1 });
      const view = new Float32Array(memory.buffer, 64, 48);
      view.set(image().data);
      const net = make();
      const running = net.predict(tensor(view, [1, 4, 4, 3]));
      memory.grow(1);
      expect([...(await running).data]).toEqual(wanted);
    });

    test('22 `out` that lies over the input, or is shared memory: answers are whole', async () => {
      const net = sequential({
        layers: [
          layers.conv2d({
            inputShape: [4, 4, 1],
            filters: 1,
            kernelSize: 3,
            padding: 'same',
            useBias: false,
          }),
        ],
        ...options,
      });
      net.setWeights([tensor(new Float32Array(9).fill(1), [3, 3, 1, 1])]);
      const memory = Float32Array.from({ length: 24 }, (_, i) => i);
      const x = tensor(memory.subarray(0, 16), [1, 4, 4, 1]);
      const right = [...net.predictSync(x).data];
      const before = [...memory];
      for (const begin of [0, 1, 8]) {
        const out = tensor(memory.subarray(begin, begin + 16), [1, 4, 4, 1]);
        await refused(() => net.predictSync(x, { out }), /out/);
        expect([...memory]).toEqual(before);
      }
      const out = tensor(new Float32Array(16), [1, 4, 4, 1]);
      expect([...net.predictSync(x, { out }).data]).toEqual(right);
    });

    test('`out` of another shape or kind is refused and not touched', async () => {
      const net = make();
      const wrong = [
        tensor(data(11), [1, 11]),
        tensor(data(12), [12]),
        tensor(data(24), [2, 12]),
        tensor(new Float64Array(12), [1, 12]),
      ];
      for (const out of wrong) {
        await refused(() => net.predictSync(image(), { out: out as Tensor }), /out/);
        expect([...out.data].every((value) => value === 0)).toBe(true);
      }
    });

    test('24 an answer too large for memory is an error, not a crash', async () => {
      const net = sequential({
        layers: [layers.upSampling2d({ inputShape: [64, 64, 1], size: 700 })],
        ...options,
      });
      const x = tensor(new Float32Array(3 * 64 * 64), [3, 64, 64, 1]);
      // 3 x 2.0e9 floats: 24 GB, and more than 2^31 elements.
      await refused(() => net.predictSync(x), /\d/);
      await refused(() => net.predict(x), /\d/);
    });

    test('models with several inputs name them in the error for a bare tensor', async () => {
      const [a, b] = [input({ shape: [2], name: 'left' }), input({ shape: [2], name: 'right' })];
      const net = model({ inputs: [a, b], outputs: layers.add().apply([a, b]), ...options });
      const x = tensor(data(2), [1, 2]);
      await refused(() => net.predictSync(x), /left/, /right/);
      await refused(
        () => net.predictSync({ left: x, right: tensor(data(4), [2, 2]) } as never),
        /batch|right/,
      );
    });
  });
}
