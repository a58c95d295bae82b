import { join } from 'node:path';
import { loadOnnx, type Model, tensor } from 'neocog';
import { describe, expect, test } from 'vitest';
import { run } from '../support/child.js';
import { dataFile, dataMissing, mnistTest, readData } from '../support/data.js';
import { backends } from '../support/engines.js';
import { type OnnxNode, readOnnx, writeOnnx } from '../support/internals.js';
import { ortMissing, relativeL2, runOnnx } from '../support/onnxruntime.js';
import { root } from '../support/paths.js';
import { floats, random } from '../support/random.js';

/** Answers that are known for the shared models: ../shared/models/README.md. */

const note = dataMissing === undefined ? '' : ` (${dataMissing})`;

function best(row: Float32Array): number {
  return row.reduce((top, value, i) => (value > (row[top] as number) ? i : top), 0);
}

/** The numbers of a .npy file of float32: a header padded to 64 bytes, its length at byte 8. */
function numbersOf(file: string): Float32Array {
  const bytes = readData(file);
  const start = 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
}

/** Right answers among `count` MNIST digits, whose pixels are multiplied by `scale`. */
async function right(net: Model, count: number, scale: number, batch: number): Promise<number> {
  const { images, labels } = mnistTest();
  let sum = 0;
  for (let at = 0; at < count; at += batch) {
    const x = images.slice(at * 784, (at + batch) * 784).map((value) => value * scale);
    const { data } = await net.predict(tensor(x, [batch, 1, 28, 28]));
    for (let i = 0; i < batch; i++) {
      if (best(data.subarray(10 * i, 10 * i + 10)) === labels[at + i]) sum++;
    }
  }
  return sum;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/**
 * super_resolution.onnx in words that ONNX Runtime still reads: the file is of opset 1, where a bias is an Add with
 * `broadcast` and `axis`, and a Reshape has its shape as an attribute.
 */
function modern(bytes: Uint8Array): Uint8Array {
  const file = readOnnx(new Uint8Array(bytes), (rule) => {
    throw new Error(rule);
  });
  const initializers = new Map(file.initializers);
  const nodes = file.nodes.flatMap((node, i): OnnxNode[] => {
    const next = file.nodes[i + 1];
    if (node.op === 'Conv' && next?.op === 'Add') {
      return [{ ...node, inputs: [...node.inputs, next.inputs[1] as string], outputs: next.outputs }];
    }
    if (node.op === 'Add') return [];
    if (node.op !== 'Reshape') return [node];
    const lengths = node.attributes.get('shape')?.value as readonly number[];
    const name = `${node.name} shape`;
    const data = BigInt64Array.from(lengths, BigInt);
    initializers.set(name, { name, type: 'int64', shape: [lengths.length], data });
    return [{ ...node, inputs: [...node.inputs, name], attributes: new Map() }];
  });
  return writeOnnx({ ...file, irVersion: 8, opset: 13, nodes, initializers });
}

describe.skipIf(dataMissing !== undefined)(`ONNX files with known answers${note}`, () => {
  for (const { name, title, options, missing } of backends) {
    const onEngine = test.skipIf(missing !== undefined);
    const slow = name === 'js' && process.env.NEOCOG_ALL_DIGITS !== '1';
    const all = test.skipIf(missing !== undefined || slow);

    onEngine(`SqueezeNet 1.1 gives its three answers on ${title}, alone and as a batch`, async () => {
      const net = await loadOnnx(dataFile('models/squeezenet1.1.onnx'), options);
      const inputs = [0, 1, 2].map((i) => numbersOf(`models/squeezenet1.1/input_${i}.npy`));
      const answers = [0, 1, 2].map((i) => numbersOf(`models/squeezenet1.1/output_${i}.npy`));
      for (const [i, input] of inputs.entries()) {
        const { data, shape } = await net.predict(tensor(input, [1, 3, 224, 224]));
        expect(shape).toEqual([1, 1000]);
        expect(relativeL2(data, answers[i] as Float32Array)).toBeLessThanOrEqual(1e-4);
        const worst = data.reduce((most, value, j) => {
          const known = (answers[i] as Float32Array)[j] as number;
          return Math.max(most, Math.abs(value - known) / Math.max(1, Math.abs(known)));
        }, 0);
        expect(worst).toBeLessThanOrEqual(1e-4);
      }
      const together = new Float32Array(3 * 3 * 224 * 224);
      inputs.forEach((input, i) => {
        together.set(input, i * input.length);
      });
      const { data } = net.predictSync(tensor(together, [3, 3, 224, 224]));
      expect(
        relativeL2(data, Float32Array.from(answers.flatMap((answer) => [...answer]))),
      ).toBeLessThanOrEqual(1e-4);
    });

    onEngine(`SqueezeNet 1.1 takes images with channels last on ${title}`, async () => {
      const net = await loadOnnx(dataFile('models/squeezenet1.1.onnx'), { ...options, layout: 'nhwc' });
      expect(net.inputs[0]?.shape).toEqual([-1, 224, 224, 3]);
      const input = numbersOf('models/squeezenet1.1/input_0.npy');
      const image = new Float32Array(input.length);
      for (let i = 0; i < 224 * 224; i++) {
        for (let c = 0; c < 3; c++) image[3 * i + c] = input[c * 224 * 224 + i] as number;
      }
      const { data } = net.predictSync(tensor(image, [1, 224, 224, 3]));
      expect(relativeL2(data, numbersOf('models/squeezenet1.1/output_0.npy'))).toBeLessThanOrEqual(1e-4);
    });

    onEngine(`the photos show what they show on ${title}`, async () => {
      const known = { flamingo: 130, coyote: 272, elephants: 386, cat: 285, husky: 248, 'cat-caffe': 278 };
      const photos = Object.keys(known).map((photo) => dataFile(`data/photos/${photo}.jpg`));
      const labels = dataFile('data/imagenet-synset.txt');
      const ended = await run(process.execPath, [
        join(root, 'dist', 'cli', 'main.js'),
        'predict',
        dataFile('models/squeezenet1.1.onnx'),
        ...photos,
        ...['--labels', labels, '--preset', 'imagenet', '--json', '--backend', name],
      ]);
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      const lines = ended.stdout.trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).top[0].index)).toEqual(Object.values(known));
      expect(JSON.parse(lines[0] as string).top[0].label).toBe('flamingo');
    });

    onEngine(`digits.onnx gives what digits.safetensors gives on ${title}`, async () => {
      const net = await loadOnnx(dataFile('models/digits.onnx'), options);
      const known = JSON.parse(readData('models/digits-expected.json').toString());
      const { images } = mnistTest();
      const wanted: number[] = known.first64_probabilities.flat();
      const found: number[] = [];
      for (let i = 0; i < 64; i++) {
        const x = images.slice(i * 784, (i + 1) * 784);
        found.push(...net.predictSync(tensor(x, [1, 1, 28, 28])).data);
      }
      const worst = wanted.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))),
        0,
      );
      expect(worst).toBeLessThanOrEqual(1e-4);
    });

    all(
      `mnist.onnx knows 9891 of 10,000 digits on ${title}`,
      async () => {
        const net = await loadOnnx(dataFile('models/mnist.onnx'), options);
        expect(Math.abs((await right(net, 10_000, 255, 1)) - 9891)).toBeLessThanOrEqual(1);
      },
      300_000,
    );

    test.skipIf(missing !== undefined || ortMissing !== undefined)(
      `super_resolution answers as ONNX Runtime does on ${title}${ortMissing ? ` (${ortMissing})` : ''}`,
      async () => {
        const net = await loadOnnx(dataFile('models/super_resolution.onnx'), options);
        const shape = net.inputs[0]?.shape ?? [];
        const x = floats(random(7), sizeOf(shape), 0, 1);
        const bytes = modern(readData('models/super_resolution.onnx'));
        const [answers] = await runOnnx(bytes, [{ [net.inputs[0]?.name as string]: tensor(x, shape) }]);
        const wanted = answers?.[net.outputs[0]?.name as string];
        const { data, shape: given } = net.predictSync(tensor(x, shape));
        expect(given).toEqual(wanted?.shape);
        expect(relativeL2(data, wanted?.data as Float32Array)).toBeLessThanOrEqual(1e-5);
      },
    );
  }
});
