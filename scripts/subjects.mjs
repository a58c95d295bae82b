// The models whose damaged copies are fed to the readers, what is asked of every copy, and how one that loads is run.
import { readFileSync } from 'node:fs';
import { dice, fieldsOf, headerEnd } from './mutations.mjs';

/** Errors that a model from a file may end in when it runs. */
const refusals = new Set(['ERR_MODEL_FILE', 'ERR_SHAPE', 'ERR_OUT_OF_MEMORY']);
/** A copy that asks for more (a window of 10^9 numbers) loads, and is not run. */
const [mostMacs, mostBytes] = [10 ** 9, 2 ** 27];

/** All models: those of the folder `shared`, where it is, and what our own package makes of them. */
export async function subjects({ load, loadOnnx, loadTfjs }, ownModels, shared) {
  const own = readBytes(`${ownModels}/digits.safetensors`);
  const all = [saved('models/digits.safetensors', own, load)];
  if (shared === undefined) return all;

  const onnx = (name) => ({
    name,
    kind: 'onnx',
    bytes: readBytes(`${shared}/${name}`),
    read: (bytes, backend) => loadOnnx(bytes, { backend }),
  });
  const files = ['digits.onnx', 'mnist.onnx'].map(onnx);
  const graph = (await files[0].read(files[0].bytes)).toBytes();
  const net = await load(own);
  const weights = readBytes(`${shared}/digits-weights.safetensors`);
  const description = readBytes(`${shared}/tfjs-mnist/model.json`);
  const shards = [1, 2, 3, 4, 5, 6].map((group) =>
    readFileSync(`${shared}/tfjs-mnist/group${group}-shard1of1`),
  );
  const weightData = new Uint8Array(Buffer.concat(shards));
  return [
    ...all,
    ...files,
    smallPicture(onnx('super_resolution.onnx')),
    { ...onnx('super_resolution.onnx'), large: true },
    { ...onnx('squeezenet1.1.onnx'), large: true },
    saved('digits.onnx, saved', graph, load),
    saved('digits-weights.safetensors', weights, async (bytes) => {
      await net.loadWeights(bytes);
      return net;
    }),
    {
      name: 'tfjs-mnist/model.json',
      kind: 'json',
      bytes: description,
      extraBytes: weightData.length,
      read: (bytes, backend) => loadTfjs(bytes, { weightData, backend }),
    },
    {
      name: 'tfjs-mnist, shards',
      kind: 'bytes',
      bytes: weightData,
      read: (bytes, backend) => loadTfjs(description, { weightData: bytes, backend }),
    },
  ];
}

function saved(name, bytes, load) {
  return { name, kind: 'safetensors', bytes, read: (copy, backend) => load(copy, { backend }) };
}

/** super_resolution for pictures of 16 x 16 instead of 224 x 224, quick to run: the lengths are changed in place, as varints. */
function smallPicture(subject) {
  const text = Buffer.from(subject.bytes).toString('latin1');
  const small = text.replaceAll('\xe0\x01', '\x90\0').replaceAll('\xa0\x05', '\xb0\0');
  return {
    ...subject,
    name: `${subject.name}, 16 x 16`,
    bytes: new Uint8Array(Buffer.from(small, 'latin1')),
  };
}

function readBytes(path) {
  return new Uint8Array(readFileSync(path));
}

/** Where the parts of a file meet: places to cut it at. */
export function bordersOf({ bytes, kind }) {
  if (kind === 'onnx') return fieldsOf(bytes).flatMap(({ begin, end }) => [begin, end]);
  return kind === 'safetensors' ? [headerEnd(bytes)] : [];
}

/**
 * Reads a copy to the end of its validation, weights packed. It loads, or is refused with a ModelFileError (undefined):
 * within `mostMs` of this process's computing, and with twice the size of the files and 16 MiB of memory at most. All else is an
 * error that says what went wrong.
 */
export async function fed({ read, extraBytes = 0 }, copy, backend, mostMs) {
  const before = process.memoryUsage().external;
  const start = process.cpuUsage();
  let model;
  try {
    model = await read(copy, backend);
  } catch (error) {
    if (error.code !== 'ERR_MODEL_FILE') throw error;
  }
  const taken = process.memoryUsage().external - before;
  if (taken > 2 * (copy.length + extraBytes) + 2 ** 24) throw new Error(`${taken} bytes of memory`);
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  if (ms > mostMs) throw new Error(`${ms} ms`);
  return model;
}

/** Runs a model once on seeded numbers: 'answered', 'refused' with one of our errors, or 'large', which is not run. */
export async function ran(model, seed) {
  const [, macs = '0', bytes = '0'] = /^total +[\d,]+ +([\d,]+) +([\d,]+)$/m.exec(model.summary()) ?? [];
  const [work, room] = [macs, bytes].map((text) => Number(text.replaceAll(',', '')));
  const inputs = Object.fromEntries(model.inputs.map((port) => [port.name, numbersFor(port, dice(seed))]));
  const sizes = Object.values(inputs).map(({ size }) => size);
  if (work > mostMacs || room > mostBytes || sizes.some((size) => size > 2 ** 22)) return 'large';
  try {
    const tensors = Object.entries(inputs).map(([name, { make }]) => [name, make()]);
    await model.predict(Object.fromEntries(tensors));
    return 'answered';
  } catch (error) {
    if (refusals.has(error.code)) return 'refused';
    throw error;
  }
}

const arrays = { float64: Float64Array, int32: Int32Array, int64: BigInt64Array };

function numbersFor({ shape, dtype }, { below }) {
  const lengths = shape.map((length) => (length < 0 ? 1 : length));
  const size = lengths.reduce((product, length) => product * length, 1);
  const make = () => {
    const data = new (arrays[dtype] ?? (dtype === 'float32' ? Float32Array : Uint8Array))(size);
    for (let i = 0; i < size; i++) data[i] = dtype === 'int64' ? BigInt(below(2)) : below(2);
    return { shape: lengths, dtype, data };
  };
  return { size, make };
}
