// predictStream alone, in a process of its own: samples per second. Told { model, batchSize, seconds } by its parent.
import { tensor, zoo } from '../../dist/neocog.js';
import { noise } from '../models.mjs';
import { digits } from './subjects.mjs';

process.once('message', async ({ model, batchSize, seconds }) => {
  const net = model === 'digits' ? await digits() : zoo[model]({ seed: 1 });
  const [{ shape }] = net.inputs;
  const sample = tensor(
    noise(
      shape.reduce((a, b) => a * b),
      7,
    ),
    shape,
  );
  const until = (end) =>
    (function* () {
      while (performance.now() < end) yield sample;
    })();
  const count = async (milliseconds) => {
    const start = performance.now();
    let answers = 0;
    for await (const _ of net.predictStream(until(start + milliseconds), { batchSize })) answers++;
    return (1000 * answers) / (performance.now() - start);
  };
  await count(500);
  process.send({ rate: await count(seconds * 1000), input: net.inputs[0] });
  process.disconnect();
});
