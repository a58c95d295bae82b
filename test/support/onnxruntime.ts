import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Model, type Tensor, tensor } from 'neocog';
import { root } from './paths.js';

interface OrtTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

interface Runtime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(from: string | Uint8Array, options: { readonly logSeverityLevel: number }): Promise<Session>;
  };
}

function find(): Runtime | undefined {
  try {
    return createRequire(join(root, 'bench', 'package.json'))('onnxruntime-node') as Runtime;
  } catch {
    return undefined;
  }
}

const runtime = find();

/** Why nothing can be compared with onnxruntime here; undefined where it is installed (by `npm ci` in bench). */
export const ortMissing: string | undefined = runtime
  ? undefined
  : 'onnxruntime-node is not installed in bench';

/** Runs the file, a path or its bytes, on each of the feeds. */
export async function runOnnx(
  from: string | Uint8Array,
  feeds: readonly Readonly<Record<string, Tensor>>[],
): Promise<Record<string, Tensor>[]> {
  const { InferenceSession, Tensor: Made } = runtime as Runtime;
  const session = await InferenceSession.create(from, { logSeverityLevel: 3 });
  const answers: Record<string, Tensor>[] = [];
  for (const feed of feeds) {
    const given = Object.entries(feed).map(([name, { data, shape }]) => [
      name,
      new Made('float32', data, shape),
    ]);
    const made = Object.entries(await session.run(Object.fromEntries(given)));
    answers.push(Object.fromEntries(made.map(([name, { dims, data }]) => [name, tensor(data, dims)])));
  }
  await session.release();
  return answers;
}

/** [n, h, w, c] as [n, c, h, w]; other ranks as they are. */
export function channelsFirst(x: Tensor): Tensor {
  const [n = 1, h = 1, w = 1, c = 1] = x.shape;
  if (x.shape.length !== 4) return x;
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < h * w; p++) {
      for (let k = 0; k < c; k++) data[(i * c + k) * h * w + p] = x.data[(i * h * w + p) * c + k] as number;
    }
  }
  return tensor(data, [n, c, h, w]);
}

/** |a - b| / |b| */
export function relativeL2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] as number) - (b[i] as number)) ** 2;
    size += (b[i] as number) ** 2;
  }
  return Math.sqrt(difference / size);
}

/** Random tensors for all inputs of a model. */
export function randomFeeds(
  net: Model,
  batch: number,
  made: (shape: number[]) => Tensor,
): Record<string, Tensor> {
  return Object.fromEntries(net.inputs.map(({ name, shape }) => [name, made([batch, ...shape])]));
}
