import { join } from 'node:path';
import { type DataType, layers, load, loadOnnx, saveOnnx, sequential, type Tensor, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { backends } from '../support/engines.js';
import { type OnnxPort, writeOnnx } from '../support/internals.js';
import { type FileParts, fileOf, node } from '../support/onnx-graph.js';
import { ints, known } from '../support/onnx-node.js';
import { temporaryFolder } from '../support/package.js';
import { floats, random } from '../support/random.js';
import { refused } from '../support/refusal.js';

type Ports = Readonly<Record<string, readonly [DataType, OnnxPort['shape']]>>;

const ports = (all: Ports): OnnxPort[] =>
  Object.entries(all).map(([name, [type, shape]]) => ({ name, type, shape }));

/** The bytes of a hand-made file whose edges are declared. */
function bytesOf(parts: FileParts, inputs: Ports, outputs: Ports): Uint8Array {
  return writeOnnx({ ...fileOf(parts), inputs: ports(inputs), outputs: ports(outputs) });
}

function numbers(...shape: number[]): Tensor {
  const size = shape.reduce((all, length) => all * length, 1);
  return tensor(floats(random(size), size), shape);
}

/** A convolution of the weight `w`, then relu: x [n, 2, 5, 5] -> y [n, 3, 3, 3]. */
const convolution = (batch: number | string, size: number | string = 5): Uint8Array =>
  bytesOf(
    {
      nodes: [node('Conv', ['x', 'w'], ['c']), node('Relu', ['c'], ['y'])],
      weights: { w: known('float32', [3, 2, 3, 3], [...floats(random(1), 54)]) },
    },
    { x: ['float32', [batch, 2, size, size]] },
    { y: ['float32', [batch, 3, typeof size === 'number' ? size - 2 : 'h', 'w']] },
  );

for (const { title, options, missing } of backends) {
  describe.skipIf(missing !== undefined)(`a graph as a model on ${title}`, () => {
    test('a free batch: any batch, the shapes of the file', async () => {
      const net = await loadOnnx(convolution('n'), options);
      expect(net.inputs).toEqual([{ name: 'x', shape: [-1, 2, 5, 5], dtype: 'float32' }]);
      expect(net.outputs).toEqual([{ name: 'y', shape: [-1, 3, 3, 3], dtype: 'float32' }]);
      const x = numbers(3, 2, 5, 5);
      const together = await net.predict(x);
      expect(together.shape).toEqual([3, 3, 3, 3]);
      for (let i = 0; i < 3; i++) {
        const alone = net.predictSync(tensor(x.data.slice(i * 50, (i + 1) * 50), [1, 2, 5, 5]));
        expect(alone.data).toEqual(together.data.slice(i * 27, (i + 1) * 27));
      }
      const named = await net.predict({ x });
      expect(named.y?.data).toEqual(together.data);
    });

    test('a fixed batch is fixed; a free size is free', async () => {
      const fixed = await loadOnnx(convolution(2), options);
      expect(fixed.inputs[0]?.shape).toEqual([2, 2, 5, 5]);
      expect(fixed.predictSync(numbers(2, 2, 5, 5)).shape).toEqual([2, 3, 3, 3]);
      await refused(() => fixed.predict(numbers(1, 2, 5, 5)), /predict/, /\[2, 2, 5, 5\]/, /\[1, 2, 5, 5\]/);
      await refused(() => fixed.predict(numbers(2, 5, 5)), /\[2, 5, 5\]/);
      const free = await loadOnnx(convolution('n', 'size'), options);
      expect(free.inputs[0]?.shape).toEqual([-1, 2, -1, -1]);
      for (const size of [3, 8, 5]) {
        expect(free.predictSync(numbers(2, 2, size, size)).shape).toEqual([2, 3, size - 2, size - 2]);
      }
      await refused(() => free.predict(numbers(1, 2, 4, 5)), /size/, '4 and 5');
      await refused(() => free.predict(numbers(1, 2, 2, 2)), /predict: node 0 \(Conv/);
    });

    test('channels last at the edges', async () => {
      const x = numbers(2, 5, 5, 2);
      const planes = new Float32Array(100);
      for (let i = 0; i < 2; i++)
        for (let p = 0; p < 25; p++)
          for (let c = 0; c < 2; c++) planes[i * 50 + c * 25 + p] = x.data[i * 50 + p * 2 + c] as number;
      const first = (await loadOnnx(convolution('n'), options)).predictSync(tensor(planes, [2, 2, 5, 5]));
      const last = await loadOnnx(convolution('n'), { ...options, layout: 'nhwc' });
      expect(last.inputs[0]?.shape).toEqual([-1, 5, 5, 2]);
      const y = last.predictSync(x);
      expect(y.shape).toEqual([2, 3, 3, 3]);
      for (let i = 0; i < 2; i++)
        for (let p = 0; p < 9; p++)
          for (let c = 0; c < 3; c++) expect(y.data[i * 27 + p * 3 + c]).toBe(first.data[i * 27 + c * 9 + p]);
    });

    test('data types at the edges: integers by their values, results in their own types', async () => {
      const bytes = bytesOf(
        {
          nodes: [
            node('ArgMax', ['x'], ['place'], { axis: 1, keepdims: 0 }),
            node('Greater', ['x', 'zero'], ['above']),
            node('Gather', ['x', 'at'], ['y'], { axis: 1 }),
            node('Add', ['at', 'at'], ['twice']),
          ],
          weights: { zero: known('float32', [], [0]) },
        },
        { x: ['float32', ['n', 4]], at: ['int64', ['k']] },
        {
          place: ['int64', ['n']],
          above: ['bool', ['n', 4]],
          y: ['float32', ['n', 'k']],
          twice: ['int64', ['k']],
        },
      );
      const net = await loadOnnx(bytes, options);
      const x = tensor(Float32Array.of(1, 3, -2, 0, 5, 4, 3, 2), [2, 4]);
      type Answer = {
        place: Tensor<'int64'>;
        above: Tensor<'bool'>;
        y: Tensor;
        twice: Tensor<'int64'>;
      };
      for (const at of [BigInt64Array.of(2n, 0n), BigInt64Array.of(-1n), BigInt64Array.of(1n, 1n)]) {
        const given = { x, at: tensor(at, [at.length]) };
        const answer = await net.predict<Answer>(given);
        expect(answer.place).toMatchObject({ shape: [2], dtype: 'int64', data: BigInt64Array.of(1n, 0n) });
        expect(answer.above.dtype).toBe('bool');
        expect([...answer.above.data]).toEqual([1, 1, 0, 0, 1, 1, 1, 1]);
        expect([...answer.y.data]).toEqual(
          [0, 1].flatMap((row) => Array.from(at, (i) => x.data[row * 4 + ((Number(i) + 4) % 4)])),
        );
        expect(answer.twice.data).toEqual(at.map((i) => i * 2n));
        const out = {
          place: tensor(new BigInt64Array(2), [2]),
          above: tensor(new Uint8Array(8), [2, 4], 'bool'),
          y: tensor(new Float32Array(2 * at.length), [2, at.length]),
          twice: tensor(new BigInt64Array(at.length), [at.length]),
        };
        expect(net.predictSync(given, { out })).toBe(out);
        for (const [name, { data }] of Object.entries(out)) {
          expect(data, name).toEqual(answer[name as keyof Answer].data);
        }
      }
      await refused(() => net.predict({ x, at: tensor(Int32Array.of(0), [1]) }), /"at"/, 'int64', 'int32');
      await refused(() => net.predict({ x }), /"x", "at"/);
      await refused(() => net.predict(x), /object/);
    });

    test('an image of bytes flows: one program for all of them', async () => {
      const bytes = bytesOf(
        {
          nodes: [
            node('Transpose', ['x'], ['t'], { perm: [0, 3, 1, 2] }),
            node('Cast', ['t'], ['f'], { to: 1 }),
            node('Mul', ['f', 'scale'], ['s']),
            node('Conv', ['s', 'w'], ['y']),
          ],
          weights: {
            scale: known('float32', [], [1 / 255]),
            w: known('float32', [1, 3, 2, 2], [...floats(random(2), 12)]),
          },
        },
        { x: ['uint8', ['n', 4, 4, 3]] },
        { y: ['float32', ['n', 1, 3, 3]] },
      );
      const net = await loadOnnx(bytes, options);
      const image = Uint8Array.from({ length: 96 }, (_, i) => (i * 37) % 256);
      const both = net.predictSync<Tensor>(tensor(image, [2, 4, 4, 3]));
      expect(both.shape).toEqual([2, 1, 3, 3]);
      const second = net.predictSync<Tensor>(tensor(image.slice(48), [1, 4, 4, 3]));
      expect(second.data).toEqual(both.data.slice(9));
      expect(Math.abs(both.data[0] as number)).toBeGreaterThan(0);
    });

    test('a graph that mixes the batch with other axes', async () => {
      const bytes = bytesOf(
        { nodes: [node('Reshape', ['x', 'shape'], ['y'])], weights: { shape: ints(-1, 3) } },
        { x: ['float32', ['n', 2]] },
        { y: ['float32', ['m', 3]] },
      );
      const net = await loadOnnx(bytes, options);
      for (const n of [3, 6, 3]) {
        const x = numbers(n, 2);
        const y = net.predictSync(x);
        expect(y.shape).toEqual([(n * 2) / 3, 3]);
        expect(y.data).toEqual(x.data);
      }
      await refused(() => net.predict(numbers(2, 2)), /Reshape/);
    });

    test('a result may be without elements; no call takes it', async () => {
      const bytes = bytesOf(
        {
          nodes: [node('Slice', ['x', 'end', 'end', 'axis'], ['y'])],
          weights: { end: ints(9), axis: ints(1) },
        },
        { x: ['float32', [2, 3]] },
        { y: ['float32', [2, 'none']] },
      );
      const net = await loadOnnx(bytes, options);
      const y = net.predictSync(numbers(2, 3));
      expect([y.shape, y.data.length, y.dtype]).toEqual([[2, 0], 0, 'float32']);
      await refused(
        () => net.predictSync(y),
        'expected the input to have an element or more, got the shape [2, 0]',
      );
    });

    test('weights: the names of the file, replaced for the next run', async () => {
      const net = await loadOnnx(convolution('n'), options);
      expect([...net.weights.keys()]).toEqual(['w']);
      expect(net.weights.get('w')?.shape).toEqual([3, 2, 3, 3]);
      const x = numbers(1, 2, 5, 5);
      const before = await net.predict(x);
      net.setWeights(
        net.getWeights().map(({ data, shape }) =>
          tensor(
            data.map((v) => 2 * v),
            shape,
          ),
        ),
      );
      const after = await net.predict(x);
      expect([...after.data]).toEqual([...before.data].map((value) => 2 * value));
      await refused(() => net.setWeights([]), '1 tensors', 'got 0');
    });

    test('saved as safetensors and as ONNX, and read again: the same bits', async () => {
      const folder = temporaryFolder();
      const net = await loadOnnx(convolution('n'), {
        ...options,
        labels: ['a', 'b'],
        preprocessing: { k: 1 },
      });
      const x = numbers(2, 2, 5, 5);
      const wanted = net.predictSync(x).data;
      const again = await load(net.toBytes(), options);
      expect(again.labels).toEqual(['a', 'b']);
      expect(again.preprocessing).toEqual({ k: 1 });
      expect(again.predictSync(x).data).toEqual(wanted);
      await again.save(join(folder, 'a.safetensors'));
      await saveOnnx(await load(join(folder, 'a.safetensors')), join(folder, 'b.onnx'));
      const back = await loadOnnx(join(folder, 'b.onnx'), options);
      expect(back.predictSync(x).data).toEqual(wanted);
      expect(back.inputs).toEqual(net.inputs);
    });

    test('labels and preprocessing travel in ONNX files', async () => {
      const folder = temporaryFolder();
      const made = sequential({
        layers: [layers.dense({ inputShape: [2], units: 2 })],
        labels: ['no', 'yes'],
        preprocessing: { kind: 'image' },
      });
      const path = join(folder, 'dense.onnx');
      await saveOnnx(made, path);
      const net = await loadOnnx(path, options);
      expect(net.labels).toEqual(['no', 'yes']);
      expect(net.preprocessing).toEqual({ kind: 'image' });
      expect((await loadOnnx(path, { labels: ['0', '1'] })).labels).toEqual(['0', '1']);
    });

    test('a stream, an abort, the summary, the end', async () => {
      const net = await loadOnnx(convolution('n'), options);
      const inputs = [1, 2, 1].map((n) => numbers(n, 2, 5, 5));
      const answers: Tensor[] = [];
      for await (const y of net.predictStream(inputs)) answers.push(y);
      expect(answers.map(({ shape }) => shape[0])).toEqual([1, 2, 1]);
      const reason = new Error('enough');
      await expect(net.predict(inputs[0] as Tensor, { signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
      expect(net.summary()).toMatch(/Conv_c \(Conv\) +\[n, 3, 3, 3\] +54 +486 +108/);
      net[Symbol.dispose]();
      await expect(net.predict(inputs[0] as Tensor)).rejects.toThrow(/disposed/);
    });

    test('everything is known: no engine is needed', async () => {
      const bytes = bytesOf(
        { nodes: [node('Range', ['a', 'b', 'step'], ['y'])], weights: { step: known('int64', [], [2]) } },
        { a: ['int64', []], b: ['int64', []] },
        { y: ['int64', ['k']] },
      );
      const net = await loadOnnx(bytes, options);
      const scalar = (value: bigint) => tensor(BigInt64Array.of(value), []);
      const { y } = await net.predict<{ y: Tensor<'int64'> }>({ a: scalar(3n), b: scalar(8n) });
      expect([...y.data]).toEqual([3n, 5n, 7n]);
      await refused(() => net.predict({ a: scalar(0n), b: scalar(2n ** 60n) }), /Range/);
    });
  });
}

test('bytes are copied: the model does not change with them', async () => {
  const bytes = convolution('n');
  const net = await loadOnnx(bytes);
  const x = numbers(1, 2, 5, 5);
  const wanted = net.predictSync(x).data;
  bytes.fill(0);
  net.setWeights(net.getWeights());
  expect(net.predictSync(x).data).toEqual(wanted);
});

test('what is refused, and how', async () => {
  const unknown = bytesOf(
    { nodes: [node('Frobnicate', ['x'], ['m']), node('com.acme.Twist', ['m'], ['y'])] },
    { x: ['float32', [1]] },
    { y: ['float32', [1]] },
  );
  await expect(loadOnnx(unknown)).rejects.toThrow(
    /Frobnicate.*com\.acme\.Twist|com\.acme\.Twist.*Frobnicate/,
  );
  await expect(loadOnnx(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'ERR_MODEL_FILE' });
  await expect(loadOnnx('/nowhere/at/all.onnx')).rejects.toMatchObject({ code: 'ERR_MODEL_FILE' });
  const half = bytesOf(
    { nodes: [node('Identity', ['x'], ['y'])] },
    { x: ['int8' as DataType, [1]] },
    { y: ['int8' as DataType, [1]] },
  );
  await expect(loadOnnx(half)).rejects.toThrow(/"x".*int8/);
  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript may give
  await refused(() => loadOnnx(7 as any), 'path');
  await refused(() => loadOnnx(unknown, { layout: 'chw' as 'nchw' }), 'layout');
});
