import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { input, layers, load, ModelFileError, model, sequential, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { backends } from './support/engines.js';
import {
  digitLayers,
  inputShapeOf,
  lenetLayers,
  randomiseWeights,
  randomTensor,
  smallNet,
} from './support/nets.js';
import { temporaryFolder } from './support/package.js';
import { refusal } from './support/refusal.js';
import { fileOf, headerOf, readTensors } from './support/safetensors.js';

const floatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0] as number;

/** binary16 of a positive normal number that needs no more than 10 bits of fraction. */
const halfOf = (value: number): number =>
  (((floatBits(value) >>> 23) - 112) << 10) | ((floatBits(value) >>> 13) & 0x3ff);

describe('save and load', () => {
  test('weights, answer, names, labels and preprocessing come back; the same model gives the same bytes', async () => {
    const extra = {
      labels: ['cat', 'dög'],
      preprocessing: { scale: 1 / 255, order: ['h', 'w'], deep: { a: null } },
    };
    const net = smallNet(extra);
    const file = join(temporaryFolder(), 'net.safetensors');
    await net.save(file);
    const again = await load(file);
    const x = randomTensor([2, 5, 5, 2]);
    expect(again.predictSync(x).data).toEqual(net.predictSync(x).data);
    expect([...again.weights.keys()]).toEqual([...net.weights.keys()]);
    expect(again.getWeights().map(({ data }) => data)).toEqual(net.getWeights().map(({ data }) => data));
    expect(again.inputs).toEqual(net.inputs);
    expect(again.outputs).toEqual(net.outputs);
    expect(again.labels).toEqual(extra.labels);
    expect(again.preprocessing).toEqual(extra.preprocessing);
    expect(again.summary()).toBe(net.summary());
    expect(Buffer.from(again.toBytes())).toEqual(readFileSync(file));
    expect(Buffer.from(net.toBytes())).toEqual(readFileSync(file));
  });

  test('the file is a safetensors file for anybody', () => {
    const net = smallNet();
    const tensors = readTensors(net.toBytes());
    expect([...tensors.keys()].sort()).toEqual([...net.weights.keys()].sort());
    for (const [name, { data, shape }] of net.weights) {
      expect(tensors.get(name)?.shape).toEqual(shape);
      expect(tensors.get(name)?.data).toEqual(data);
    }
    expect(
      Object.values((headerOf(net.toBytes()) as { __metadata__: object }).__metadata__).every(
        (v) => typeof v === 'string',
      ),
    ).toBe(true);
  });

  test('from bytes, a file URL, a Buffer with an odd offset; the bytes may be used again afterwards', async () => {
    const net = smallNet();
    const x = randomTensor([1, 5, 5, 2]);
    const wanted = net.predictSync(x).data;
    const bytes = net.toBytes();
    const again = await load(bytes);
    bytes.fill(255);
    expect(again.predictSync(x).data).toEqual(wanted);
    const file = join(temporaryFolder(), 'a b ü.safetensors');
    await net.save(pathToFileURL(file));
    expect((await load(pathToFileURL(file))).predictSync(x).data).toEqual(wanted);
    const odd = Buffer.concat([Buffer.alloc(1), readFileSync(file)]).subarray(1);
    expect((await load(odd)).predictSync(x).data).toEqual(wanted);
  });

  test.for([
    ['every layer in a row', () => digitLayers()],
    ['LeNet', () => lenetLayers()],
    [
      'layers with parameters of their own',
      () => [
        layers.zeroPadding2d({
          inputShape: [6, 6, 3],
          padding: [
            [1, 0],
            [0, 2],
          ],
        }),
        layers.conv2d({
          filters: 6,
          kernelSize: [2, 3],
          strides: [2, 1],
          dilationRate: [1, 2],
          groups: 3,
          padding: [
            [1, 2],
            [0, 1],
          ],
          activation: 'gelu',
        }),
        layers.relu({ maxValue: 2.5 }),
        layers.leakyReLU({ alpha: 0.125 }),
        layers.prelu({ sharedAxes: [1, 2] }),
        layers.depthwiseConv2d({
          kernelSize: 3,
          padding: 'same',
          depthMultiplier: 2,
          activation: 'hardSwish',
        }),
        layers.separableConv2d({ filters: 5, kernelSize: 2, activation: 'swish' }),
        layers.conv2dTranspose({
          filters: 4,
          kernelSize: 3,
          strides: 2,
          padding: 1,
          outputPadding: 1,
          activation: 'prelu',
        }),
        layers.upSampling2d({ size: [1, 2] }),
        layers.averagePooling2d({
          poolSize: 3,
          strides: 2,
          padding: 1,
          ceilMode: true,
          countIncludePad: true,
        }),
        layers.maxPooling2d({ poolSize: [2, 1], ceilMode: true }),
        layers.permute({ dims: [3, 1, 2] }),
        layers.softmax({ axis: 1 }),
        layers.dropout({ rate: 0.25 }),
        layers.rescaling({ scale: 3, offset: -0.5 }),
        layers.elu({ alpha: 0.5 }),
        layers.gelu({ approximate: true }),
        layers.activation({ activation: 'softplus' }),
        layers.reshape({ targetShape: [-1, 2] }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
    ],
  ] as const)('%s', async ([, list]) => {
    const net = sequential({ layers: list() as never });
    randomiseWeights(net);
    const again = await load(net.toBytes());
    const x = randomTensor([2, ...inputShapeOf(net)]);
    expect(again.predictSync(x).data).toEqual(net.predictSync(x).data);
    expect(again.summary()).toBe(net.summary());
  });

  test('a model of several inputs and outputs, with a layer used twice', async () => {
    const [a, b] = [input({ shape: [4], name: 'left' }), input({ shape: [4], name: 'right' })];
    const shared = layers.dense({ units: 3 });
    const [p, q] = [shared.apply(a), shared.apply(b)];
    const both = layers.concatenate().apply([layers.add().apply([p, q]), layers.multiply().apply([p, q])]);
    const net = model({ inputs: [a, b], outputs: [both, layers.relu().apply(p)] });
    expect(net.getWeights().length).toBe(2);
    randomiseWeights(net);
    const again = await load(net.toBytes());
    const x = { left: randomTensor([2, 4]), right: randomTensor([2, 4], 2) };
    expect(Object.entries(again.predictSync(x)).map(([name, { data }]) => [name, data])).toEqual(
      Object.entries(net.predictSync(x)).map(([name, { data }]) => [name, data]),
    );
  });

  test('saving replaces the file whole and leaves nothing beside it, also when it fails', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'net.safetensors');
    writeFileSync(file, 'old');
    await smallNet().save(file);
    expect(readdirSync(folder)).toEqual(['net.safetensors']);
    expect((await load(file)).outputs[0]?.shape).toEqual([2]);
    const blocked = join(folder, 'folder');
    mkdirSync(join(blocked, 'inside'), { recursive: true });
    await expect(smallNet().save(blocked)).rejects.toThrow();
    await expect(smallNet().save(join(folder, 'missing', 'net.safetensors'))).rejects.toThrow();
    expect(readdirSync(folder).sort()).toEqual(['folder', 'net.safetensors']);
    expect(existsSync(join(blocked, 'inside'))).toBe(true);
  });

  test('changing a model after it was saved does not change the file', async () => {
    const net = smallNet();
    const bytes = net.toBytes();
    const before = bytes.slice();
    randomiseWeights(net, 77);
    net.predictSync(randomTensor([1, 5, 5, 2]));
    expect(bytes).toEqual(before);
  });

  test.for([
    ['F16', 2, (view: DataView, at: number, value: number) => view.setUint16(at, halfOf(value), true)],
    [
      'BF16',
      2,
      (view: DataView, at: number, value: number) => view.setUint16(at, floatBits(value) >>> 16, true),
    ],
    ['F64', 8, (view: DataView, at: number, value: number) => view.setFloat64(at, value, true)],
  ] as const)('weights kept as %s become float32', async ([dtype, width, write]) => {
    const net = smallNet();
    // Halves and quarters have few digits, so that every type holds them exactly.
    net.setWeights(
      net.getWeights().map(({ data, shape }) =>
        tensor(
          data.map((_, i) => ((i % 16) + 1) / 4),
          shape,
        ),
      ),
    );
    const stored = [...readTensors(net.toBytes())];
    let position = 0;
    const entries = stored.map(([name, { data, shape }]) => {
      const begin = position;
      position += data.length * width;
      return [name, { dtype, shape, data_offsets: [begin, position] }];
    });
    const view = new DataView(new ArrayBuffer(position));
    stored
      .flatMap(([, { data }]) => [...data])
      .forEach((value, i) => {
        write(view, i * width, value);
      });
    const header = { __metadata__: headerOf(net.toBytes()).__metadata__, ...Object.fromEntries(entries) };
    const again = await load(fileOf(header, new Uint8Array(view.buffer)));
    expect(again.getWeights().map(({ data }) => data)).toEqual(net.getWeights().map(({ data }) => data));
  });

  test('a path that is no model', async () => {
    const folder = temporaryFolder();
    for (const path of [folder, join(folder, 'absent'), join(folder, 'a\0b')]) {
      const error = await refusal(() => load(path));
      expect(error.message).toMatch(/^load: /);
    }
    writeFileSync(join(folder, 'empty'), '');
    expect(await refusal(() => load(join(folder, 'empty')))).toBeInstanceOf(ModelFileError);
    for (const wrong of [null, 7, undefined, {}, [1], new Float32Array(4), new ArrayBuffer(8)]) {
      expect((await refusal(() => load(wrong as never))).code).toBe('ERR_OPTION');
    }
    symlinkSync('/dev/zero', join(folder, 'zero'));
    expect(await refusal(() => load(join(folder, 'zero')))).toBeInstanceOf(ModelFileError);
  });
});

for (const { name, title, options, missing } of backends) {
  test.skipIf(missing !== undefined)(`options of load choose the engine: ${title}`, async () => {
    const net = await load(smallNet().toBytes(), options);
    expect(net.backend.name).toBe(name);
    expect(net.predictSync(randomTensor([1, 5, 5, 2])).shape).toEqual([1, 2]);
  });
}
