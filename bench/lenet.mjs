// The cost of one small network, batch 1: where a framework's overhead shows.
import * as ort from 'onnxruntime-node';
import { tensor } from '../dist/index.js';
import { duel, here, relativeL2 } from './measure.mjs';
import { fill, lenet, noisy } from './models.mjs';
import { onnxLenet } from './onnx-lenet.mjs';
import { table } from './report.mjs';

export const title = 'LeNet-5, batch 1, one thread: predictSync into a given output';

export async function run() {
  const net = lenet({ threads: 1 });
  const weights = fill(net);
  const x = noisy([1, 28, 28, 1], 7);
  const out = tensor(new Float32Array(10), [1, 10]);

  const session = await ort.InferenceSession.create(onnxLenet(weights), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const feeds = { x: new ort.Tensor('float32', x.data, [1, 1, 28, 28]) };
  const { y } = await session.run(feeds);
  net.predictSync(x, { out });
  const distance = relativeL2(out.data, y.data);

  const results = await duel(
    [here('neocog', () => net.predictSync(x, { out })), here('onnxruntime-node', () => session.run(feeds))],
    { rounds: 10, milliseconds: 60 },
  );
  const rows = results.map((r) => [r.name, r.min, r.median, r.median / results[0].median]);
  return `${table(['engine', 'min ms', 'median ms', 'times neocog'], rows)}\nRelative L2 of the two answers: ${distance.toExponential(1)}`;
}
