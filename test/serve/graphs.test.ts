import { loadOnnx, type Model, type Tensor, tensor } from 'neocog';
import { batcher } from 'neocog/serve';
import { describe, expect, test } from 'vitest';
import { type OnnxPort, writeOnnx } from '../support/internals.js';
import { randomTensor } from '../support/nets.js';
import { fileOf, node } from '../support/onnx-graph.js';
import { ints, known } from '../support/onnx-node.js';
import { occupy } from '../support/serve.js';

type Parts = Parameters<typeof fileOf>[0];
type Ports = Readonly<Record<string, readonly [OnnxPort['type'], OnnxPort['shape']]>>;

function graph(parts: Parts, inputs: Ports, outputs: Ports): Promise<Model> {
  const ports = (all: Ports) => Object.entries(all).map(([name, [type, shape]]) => ({ name, type, shape }));
  return loadOnnx(writeOnnx({ ...fileOf(parts), inputs: ports(inputs), outputs: ports(outputs) }));
}

const pooling = (batch: number | string): Promise<Model> =>
  graph(
    { nodes: [node('Relu', ['x'], ['r']), node('GlobalAveragePool', ['r'], ['y'])] },
    { x: ['float32', [batch, 2, 'h', 'w']] },
    { y: ['float32', [batch, 2, 1, 1]] },
  );

/** Asks all at once while the engine is busy; every answer must be that of predictSync. */
async function compare(net: Model, asked: readonly Tensor[]): Promise<readonly (readonly number[])[]> {
  const { end } = await occupy();
  const made = batcher(net, { maxBatchSize: 8 });
  const answers = await Promise.all(asked.map((x) => made.predict(x)));
  for (const [i, answer] of answers.entries()) expect(answer).toEqual(net.predictSync(asked[i] as Tensor));
  await end;
  return [...made.statistics().batchSizes].map(([size, { count }]) => [size, count]);
}

describe('graphs from files in a batcher', () => {
  test('requests are joined only with those of their own shape', async () => {
    const [small, large] = [
      [2, 3, 3],
      [2, 4, 5],
    ] as const;
    const asked = [small, large, small, small, large].map((shape, i) =>
      randomTensor([1 + (i % 2), ...shape], i),
    );
    // 1 + 1 + 2 of the small ones, 2 + 1 of the large ones.
    expect(await compare(await pooling('n'), asked)).toEqual([
      [4, 1],
      [3, 1],
    ]);
  });

  test('a fixed batch is computed one request at a time', async () => {
    const asked = [1, 2, 3].map((seed) => randomTensor([1, 2, 3, 3], seed));
    expect(await compare(await pooling(1), asked)).toEqual([[1, 3]]);
  });

  test('a batch that is mixed with other axes is computed one request at a time', async () => {
    const net = await graph(
      { nodes: [node('Reshape', ['x', 's'], ['y'])], weights: { s: ints(2, -1) } },
      { x: ['float32', ['n', 4]] },
      { y: ['float32', [2, 'm']] },
    );
    const asked = [1, 2, 3].map((n) => randomTensor([n, 4], n));
    expect(await compare(net, asked)).toEqual([[1, 3]]);
  });

  test('an output that is the shape has the length of each request', async () => {
    const net = await graph(
      { nodes: [node('Relu', ['x'], ['y']), node('Shape', ['x'], ['s'])], outputs: ['y', 's'] },
      { x: ['float32', ['n', 3]] },
      { y: ['float32', ['n', 3]], s: ['int64', [2]] },
    );
    const made = batcher(net);
    const answers = await Promise.all(
      [2, 1, 3].map((n) =>
        made.predict<Readonly<Record<string, Tensor<'int64'>>>>({ x: randomTensor([n, 3], n) }),
      ),
    );
    const shapes = answers.map((answer) => [...(answer.s?.data ?? [])]);
    expect(shapes).toEqual([
      [2n, 3n],
      [1n, 3n],
      [3n, 3n],
    ]);
    expect([...made.statistics().batchSizes.keys()]).toEqual([6]);
  });

  test('images of bytes', async () => {
    const net = await graph(
      {
        nodes: [node('Cast', ['x'], ['f'], { to: 1 }), node('Add', ['f', 'w'], ['y'])],
        weights: { w: known('float32', [1], [0.5]) },
      },
      { x: ['uint8', ['n', 2]] },
      { y: ['float32', ['n', 2]] },
    );
    const made = batcher(net);
    const bytes = [Uint8Array.of(1, 255), Uint8Array.of(0, 7)];
    const answers = await Promise.all(bytes.map((data) => made.predict(tensor(data, [1, 2]))));
    expect(answers.map(({ data }) => [...data])).toEqual([
      [1.5, 255.5],
      [0.5, 7.5],
    ]);
  });

  test('requests wait while more shapes come by than are kept ready', async () => {
    const net = await pooling('n');
    const asked = Array.from({ length: 24 }, (_, i) => randomTensor([1, 2, 2 + (i >> 1), 3], i));
    const sizes = await compare(net, asked);
    expect(sizes).toEqual([[2, 12]]);
  });
});
