import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { root } from './paths.js';

const folder = resolve(root, process.env.NEOCOG_TEST_DATA ?? '../shared');

/** Why tests on real data cannot run; undefined where they can. In CI its absence is an error. */
export const dataMissing: string | undefined = existsSync(join(folder, 'data', 'mnist'))
  ? undefined
  : `no data in ${folder}: set NEOCOG_TEST_DATA`;

if (dataMissing !== undefined && process.env.CI === 'true') throw new Error(dataMissing);

export function dataFile(path: string): string {
  return join(folder, path);
}

export function readData(path: string): Buffer {
  return readFileSync(dataFile(path));
}

/** An IDX file: a big-endian header of 4 bytes per number (magic with the rank in its last byte, then the sizes). */
function idx(path: string): Buffer {
  const bytes = gunzipSync(readData(path));
  return bytes.subarray(4 + 4 * (bytes[3] as number));
}

let digits: { readonly images: Float32Array; readonly labels: Uint8Array } | undefined;

/** The 10,000 test digits, 28 x 28 each, 0..1, and their labels; read once. */
export function mnistTest(): NonNullable<typeof digits> {
  if (digits) return digits;
  const bytes = idx('data/mnist/t10k-images-idx3-ubyte.gz');
  const images = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) images[i] = (bytes[i] as number) / 255;
  digits = { images, labels: new Uint8Array(idx('data/mnist/t10k-labels-idx1-ubyte.gz')) };
  return digits;
}
