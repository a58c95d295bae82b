import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './paths.js';

/** What of onnxruntime-node the tests use. */
export interface Rival {
  readonly InferenceSession: {
    create(from: string | Uint8Array, options?: object): Promise<RivalSession>;
  };
  readonly Tensor: new (type: string, data: unknown, shape: readonly number[]) => RivalTensor;
}

export interface RivalTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface RivalSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, RivalTensor>>): Promise<Readonly<Record<string, RivalTensor>>>;
  release(): Promise<void>;
}

const bench = join(root, 'bench');

/** Why the comparison with ONNX Runtime cannot be made here; undefined where it can. */
export const rivalMissing = existsSync(join(bench, 'node_modules', 'onnxruntime-node'))
  ? undefined
  : 'onnxruntime-node is not installed: npm ci --ignore-scripts --prefix bench';

export function rival(): Rival {
  return createRequire(join(bench, 'package.json'))('onnxruntime-node');
}

/** |a - b| / |b|, both as vectors. */
export function relativeL2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] as number) - (b[i] as number)) ** 2;
    size += (b[i] as number) ** 2;
  }
  return Math.sqrt(difference / size);
}
