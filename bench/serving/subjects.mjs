// What is served, and the requests for it: binary tensors of the Open Inference Protocol.
import { fileURLToPath } from 'node:url';
import { load } from '../../dist/neocog.js';
import { noise } from '../models.mjs';

export const digits = () => load(fileURLToPath(new URL('../../models/digits.safetensors', import.meta.url)));

/** A request with `samples` samples of a model's only input, asking for binary outputs. */
export function binaryRequest(name, { name: input, shape }, samples) {
  const whole = [samples, ...shape];
  const data = noise(
    whole.reduce((a, b) => a * b),
    7,
  );
  const tensor = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const head = Buffer.from(
    JSON.stringify({
      inputs: [
        { name: input, shape: whole, datatype: 'FP32', parameters: { binary_data_size: tensor.length } },
      ],
      parameters: { binary_data_output: true },
    }),
  );
  return {
    path: `/v2/models/${name}/infer`,
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': `${head.length}`,
    },
    body: Buffer.concat([head, tensor]).toString('base64'),
  };
}
