import { activate, positivePart } from './activate.js';
import { activations } from './activation.js';
import { sizes, workspace } from './workspace.js';

/** The matrix product of the TypeScript engine; no op itself. */

const relu = activations.indexOf('relu');
const { depth } = sizes;
const rows = workspace.rows;
const sums = workspace.sums;
const [b0, b1, b2] = workspace.columns;

/** Columns at a time: with at least 42 rows beside them, turning them into float64 costs little. */
const columnBlock = 768;
/** Where in `y` the rows of a block begin. */
const places = new Int32Array(sizes.sums / 3);

/** y[place(i) + j] = act(bias[j] + residual[i, j] + sum over k of a[i, k] b[j, k]), for i < m and j < n. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** b as rows of k summands, one per column of the result. */
  readonly b: Float32Array;
  readonly bAt: number;
  readonly bias: Float32Array | undefined;
  readonly biasAt: number;
  /** Where row i is, and its memory, which may be that of y. */
  readonly residual: { readonly data: Float32Array; readonly place: Place } | undefined;
  readonly y: Float32Array;
  readonly place: Place;
  readonly act: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Row i of a result is pixel i of images with `width` times `height` pixels, some floats apart in each direction. */
export interface Place {
  readonly start: number;
  readonly width: number;
  readonly height: number;
  readonly pixel: number;
  readonly line: number;
  readonly image: number;
}

/** Writes a[m0 + i, k0 + j] to rows[i * k + j], for i < m and j < k. */
export type Gather<S> = (source: S, m0: number, m: number, k0: number, k: number) => void;

/**
 * Every sum runs over k in order, whatever the blocks are: results depend neither on the batch nor on sizes.
 */
export function multiply<S>(product: Product, source: S, gather: Gather<S>): void {
  const { m, n, k, b, bAt, act, alpha, beta } = product;
  const kStep = Math.ceil(k / Math.max(Math.ceil(k / depth), 1));
  const nStep = 3 * Math.ceil(n / Math.ceil(n / columnBlock) / 3);
  const mMost = Math.min(Math.floor(sizes.rows / kStep), Math.floor(sizes.sums / nStep)) & ~1;
  const mStep = 2 * Math.ceil(m / Math.ceil(m / mMost) / 2);
  for (let n0 = 0; n0 < n; n0 += nStep) {
    const columns = Math.min(nStep, n - n0);
    for (let m0 = 0; m0 < m; m0 += mStep) {
      const count = Math.min(mStep, m - m0);
      begin(product, n0, columns, count);
      if (product.residual) addResidual(product.residual, m0, n0, columns, count);
      for (let k0 = 0; k0 < k; k0 += kStep) {
        const length = Math.min(kStep, k - k0);
        gather(source, m0, count, k0, length);
        for (let j = 0, at = 0; j < columns; j += 3, at += 3 * count) {
          load(b, bAt + (n0 + j) * k + k0, length, k, columns - j);
          add(length, count, at);
        }
      }
      locate(product.place, m0, count);
      if (act === relu) {
        storeClipped(product.y, n0, columns, count, beta);
      } else {
        activate(act, alpha, beta, Math.ceil(columns / 3) * 3 * count);
        store(product.y, n0, columns, count);
      }
    }
  }
}

/** Sums lie as [columns / 3][rows][3]; each begins with the bias of its column. */
function begin({ bias, biasAt }: Product, n0: number, columns: number, count: number): void {
  for (let j = 0, at = 0; j < columns; j += 3) {
    const p = biasAt + n0 + j;
    const s0 = bias ? (bias[p] as number) : 0;
    const s1 = bias && j + 1 < columns ? (bias[p + 1] as number) : 0;
    const s2 = bias && j + 2 < columns ? (bias[p + 2] as number) : 0;
    for (const end = at + 3 * count; at < end; at += 3) {
      sums[at] = s0;
      sums[at + 1] = s1;
      sums[at + 2] = s2;
    }
  }
}

function addResidual(
  { data, place }: NonNullable<Product['residual']>,
  m0: number,
  n0: number,
  columns: number,
  count: number,
): void {
  locate(place, m0, count);
  for (let j = 0, at = 0; j < columns; j += 3) {
    const width = Math.min(3, columns - j);
    for (let i = 0; i < count; i++, at += 3) {
      const p = (places[i] as number) + n0 + j;
      for (let l = 0; l < width; l++) sums[at + l] = (sums[at + l] as number) + (data[p + l] as number);
    }
  }
}

/** Three columns, those behind the last one zero; one loop for all of them reads three streams at once. */
function load(b: Float32Array, at: number, length: number, stride: number, columns: number): void {
  if (columns < 3) {
    for (let k = 0; k < length; k++) {
      b0[k] = b[at + k] as number;
      b1[k] = columns > 1 ? (b[at + stride + k] as number) : 0;
      b2[k] = 0;
    }
    return;
  }
  const at1 = at + stride;
  const at2 = at1 + stride;
  for (let k = 0; k < length; k++) {
    const u = b[at + k] as number;
    const v = b[at1 + k] as number;
    const w = b[at2 + k] as number;
    b0[k] = u;
    b1[k] = v;
    b2[k] = w;
  }
}

/** Adds `length` products to each of the sums of `count` rows and three columns. */
function add(length: number, count: number, at: number): void {
  let p = 0;
  let q = at;
  for (const end = at + 3 * (count - 1); q < end; q += 6, p += 2 * length) addPair(length, p, p + length, q);
  if (count % 2 === 1) addLast(length, p, q);
}

/**
 * Two rows times three columns in registers: six sums and six products are what V8 can keep there; four by four
 * sums go through memory and are half as fast.
 */
function addPair(length: number, p0: number, p1: number, q: number): void {
  let s0 = sums[q] as number;
  let s1 = sums[q + 1] as number;
  let s2 = sums[q + 2] as number;
  let s3 = sums[q + 3] as number;
  let s4 = sums[q + 4] as number;
  let s5 = sums[q + 5] as number;
  for (let k = 0; k < length; k++) {
    const x = rows[p0 + k] as number;
    const y = rows[p1 + k] as number;
    const u = b0[k] as number;
    s0 += x * u;
    s3 += y * u;
    const v = b1[k] as number;
    s1 += x * v;
    s4 += y * v;
    const w = b2[k] as number;
    s2 += x * w;
    s5 += y * w;
  }
  sums[q] = s0;
  sums[q + 1] = s1;
  sums[q + 2] = s2;
  sums[q + 3] = s3;
  sums[q + 4] = s4;
  sums[q + 5] = s5;
}

/** The same for an odd row. */
function addLast(length: number, p: number, q: number): void {
  let s0 = sums[q] as number;
  let s1 = sums[q + 1] as number;
  let s2 = sums[q + 2] as number;
  for (let k = 0; k < length; k++) {
    const x = rows[p + k] as number;
    s0 += x * (b0[k] as number);
    s1 += x * (b1[k] as number);
    s2 += x * (b2[k] as number);
  }
  sums[q] = s0;
  sums[q + 1] = s1;
  sums[q + 2] = s2;
}

function locate({ start, width, height, pixel, line, image }: Place, m0: number, count: number): void {
  let x = m0 % width;
  const lines = (m0 / width) | 0;
  let y = lines % height;
  let at = start + ((lines / height) | 0) * image;
  for (let i = 0; i < count; i++) {
    places[i] = at + y * line + x * pixel;
    if (++x < width) continue;
    x = 0;
    if (++y < height) continue;
    y = 0;
    at += image;
  }
}

function store(y: Float32Array, n0: number, columns: number, count: number): void {
  for (let j = 0, at = 0; j < columns; j += 3) {
    const two = j + 1 < columns;
    const three = j + 2 < columns;
    for (let i = 0; i < count; i++, at += 3) {
      const p = (places[i] as number) + n0 + j;
      y[p] = sums[at] as number;
      if (two) y[p + 1] = sums[at + 1] as number;
      if (three) y[p + 2] = sums[at + 2] as number;
    }
  }
}

/** The same clipped to [0, high], which spares relu a pass over the sums. */
function storeClipped(y: Float32Array, n0: number, columns: number, count: number, high: number): void {
  for (let j = 0, at = 0; j < columns; j += 3) {
    const two = j + 1 < columns;
    const three = j + 2 < columns;
    for (let i = 0; i < count; i++, at += 3) {
      const p = (places[i] as number) + n0 + j;
      y[p] = Math.min(positivePart(sums[at] as number), high);
      if (two) y[p + 1] = Math.min(positivePart(sums[at + 1] as number), high);
      if (three) y[p + 2] = Math.min(positivePart(sums[at + 2] as number), high);
    }
  }
}
