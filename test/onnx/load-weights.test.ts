import { loadOnnx, ModelFileError, tensor } from 'neocog';
import { expect, test } from 'vitest';
import { smallModel } from '../support/protobuf.js';
import { refusal } from '../support/refusal.js';
import { fileOf } from '../support/safetensors.js';

/** A file with the weight w [2] and a count of PyTorch. */
function weights(...numbers: readonly number[]): Uint8Array {
  const header = {
    w: { dtype: 'F32', shape: [numbers.length], data_offsets: [0, 4 * numbers.length] },
    'bn.num_batches_tracked': {
      dtype: 'I64',
      shape: [],
      data_offsets: [4 * numbers.length, 4 * numbers.length + 8],
    },
  };
  return fileOf(
    header,
    new Uint8Array([...new Uint8Array(Float32Array.from(numbers).buffer), ...Array(8).fill(0)]),
  );
}

test('a graph from a file takes weights under its own names', async () => {
  const net = await loadOnnx(smallModel);
  const x = tensor(Float32Array.of(10, 20), [1, 2]);
  expect([...net.predictSync(x).data]).toEqual([11, 22]);
  await net.loadWeights(weights(3, 4), { from: 'pytorch' });
  expect([...net.predictSync(x).data]).toEqual([13, 24]);
  await net.loadWeights(weights(5, 6), { strict: false });
  expect([...net.predictSync(x).data]).toEqual([15, 26]);
  for (const body of [
    () => net.loadWeights(weights(1, 2)),
    () => net.loadWeights(weights(1), { from: 'pytorch' }),
  ]) {
    expect(await refusal(body)).toBeInstanceOf(ModelFileError);
  }
  expect([...net.predictSync(x).data]).toEqual([15, 26]);
});
