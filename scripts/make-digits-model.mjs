// Builds the digit network in this package's layers, gives it trained weights, and saves models/digits.safetensors.
// Usage: node scripts/make-digits-model.mjs [WEIGHTS] (a safetensors file with the tensors named as net.weights names them)
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { layers, sequential, tensor } from '../dist/index.js';

const beside = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = process.argv[2] ?? beside('../../shared/models/digits-weights.safetensors');
const target = beside('../models/digits.safetensors');

/** The float32 tensors of a safetensors file: a length, a JSON header, the data. */
function readTensors(bytes) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start));
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const copy = Uint8Array.from(bytes.subarray(start + from, start + to));
          return [name, tensor(new Float32Array(copy.buffer), shape)];
        },
      ),
  );
}

const block = (filters, more) => [
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...more }),
  layers.batchNormalization({ epsilon: 1e-3 }),
  layers.relu(),
];

const net = sequential({
  layers: [
    ...block(24, { inputShape: [28, 28, 1] }),
    ...block(32),
    layers.maxPooling2d({ poolSize: 2 }),
    ...block(48),
    ...block(64),
    layers.maxPooling2d({ poolSize: 2 }),
    ...block(96),
    layers.globalAveragePooling2d(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  preprocessing: { kind: 'digit', box: 20 },
  labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
});

const tensors = readTensors(readFileSync(source));
const names = Array.from(net.weights.keys());
const missing = names.filter((name) => !tensors.has(name));
if (missing.length > 0 || tensors.size !== names.length) {
  throw new Error(
    `expected the ${names.length} tensors of the digit network in ${source}, missing: ${missing.join(', ')}`,
  );
}
net.setWeights(names.map((name) => tensors.get(name)));
await net.save(target);
console.log(`${target}: ${names.length} tensors`);
