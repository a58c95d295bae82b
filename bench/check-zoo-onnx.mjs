// Exports every net of the zoo with saveOnnx, runs the file in onnxruntime and reads it back with loadOnnx, with batches of
// 1 and 3, and compares: the relative L2 distance of the answers has to be at most 1e-4. Names given on the command line choose among the nets.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { loadOnnx, saveOnnx, tensor, zoo } from '../dist/neocog.js';
import { relativeL2 } from './measure.mjs';

const bound = 1e-4;
const batches = [1, 3];
const variants = [
  ...Object.keys(zoo).map((name) => [name, {}]),
  ['vgg16', { batchNorm: true }],
  ...[0.5, 1.5, 2].map((alpha) => ['shufflenetV2', { alpha }]),
  ['mobilenetV1', { alpha: 0.25 }],
];

/** Waves of many lengths, the same every time. */
function image(batch, shape) {
  const whole = [batch, ...shape];
  const data = new Float32Array(whole.reduce((product, length) => product * length, 1));
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(i * 0.37) + Math.cos(i * 0.0113 + (i % 7));
  return tensor(data, whole);
}

/** One line of the table: what the file is like, and how far its answers are from ours. */
async function check(name, options) {
  const net = zoo[name](options);
  const folder = mkdtempSync(join(tmpdir(), 'neocog-zoo-'));
  try {
    const path = join(folder, 'net.onnx');
    await saveOnnx(net, path);
    const megabytes = statSync(path).size / 1e6;
    const session = await ort.InferenceSession.create(path);
    const back = await loadOnnx(path);
    const distances = [];
    for (const batch of batches) {
      const [input] = net.inputs;
      const [output] = net.outputs;
      const x = image(batch, input.shape);
      const y = await net.predict(x);
      const answer = await session.run({ [input.name]: new ort.Tensor('float32', x.data, x.shape) });
      const { dims, data } = answer[output.name];
      const same = dims.length === y.shape.length && dims.every((length, i) => length === y.shape[i]);
      distances.push(same ? relativeL2(data, y.data) : Number.NaN);
      distances.push(relativeL2((await back.predict(x)).data, y.data));
    }
    await session.release();
    back[Symbol.dispose]();
    return { megabytes, distances };
  } finally {
    rmSync(folder, { recursive: true });
    net[Symbol.dispose]();
  }
}

const asked = process.argv.slice(2);
let failed = 0;
console.log(
  `${'net'.padEnd(32)} ${'MB'.padStart(7)} ${batches.map((n) => `ort n=${n}`.padStart(9) + ' read back'.padStart(10)).join(' ')}`,
);
for (const [name, options] of variants) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const title = Object.keys(options).length > 0 ? `${name} ${JSON.stringify(options)}` : name;
  const { megabytes, distances } = await check(name, options);
  const good = distances.every((distance) => distance <= bound);
  if (!good) failed += 1;
  const cells = distances.map((distance) => distance.toExponential(1).padStart(9)).join(' ');
  console.log(`${title.padEnd(32)} ${megabytes.toFixed(1).padStart(7)} ${cells}${good ? '' : '  too far'}`);
}
process.exitCode = failed > 0 ? 1 : 0;
