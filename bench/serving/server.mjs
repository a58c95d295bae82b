// The server that is measured, in a process of its own. Told { model, options } by its parent; says its port, and its memory
// whenever it is asked.
import { zoo } from '../../dist/neocog.js';
import { createServer } from '../../dist/neocog-serve.js';
import { digits } from './subjects.mjs';

process.once('message', async ({ model, options }) => {
  const net = model === 'digits' ? await digits() : zoo[model]({ seed: 1 });
  const server = await createServer({ models: { [model]: net }, port: 0, logger: false, ...options });
  const shape = [1, ...net.inputs[0].shape];
  const size = shape.reduce((a, b) => a * b);
  await net.predict({ shape, dtype: 'float32', data: new Float32Array(size) });
  process.on('message', (what) => {
    if (what === 'memory') process.send({ rss: process.memoryUsage.rss() / 1e6 });
    if (what === 'close') server.close().then(() => process.disconnect());
  });
  process.send({ port: server.port });
});
