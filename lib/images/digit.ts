import { OptionError } from '../errors.js';

/** A grey picture, 0..255, rows first. */
export interface Gray {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Ink weaker than this share of the strongest is paper grain or compression noise. */
const noise = 0.12;
/** The least difference between ink and paper, of 255, that counts as a drawing. */
const faintest = 24;

/** The brightness of the paper: the median of the picture's outermost pixels. */
function paperOf({ width, height, data }: Gray): number {
  const border: number[] = [];
  for (let x = 0; x < width; x++) border.push(data[x], data[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) border.push(data[y * width], data[y * width + width - 1]);
  return border.sort((a, b) => a - b)[border.length >> 1];
}

/** Ink from 0 (paper) to 1 (the strongest), whichever of the two is the brighter; undefined on blank paper. */
export function inkOf(picture: Gray): Float32Array | undefined {
  const paper = paperOf(picture);
  const sign = paper < 128 ? 1 : -1;
  const ink = Float32Array.from(picture.data, (value) => Math.max(0, sign * (value - paper)));
  const strongest = ink.reduce((a, b) => Math.max(a, b), 0);
  if (strongest < faintest) return undefined;
  return ink.map((value) => Math.max(0, (value / strongest - noise) / (1 - noise)));
}

/** The smallest rectangle with all the ink. */
function inkBox(
  ink: Float32Array,
  width: number,
): { left: number; top: number; right: number; bottom: number } {
  const box = { left: width, top: ink.length / width, right: 0, bottom: 0 };
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] === 0) continue;
    const x = i % width;
    const y = (i - x) / width;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x + 1);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
  }
  return box;
}

/** Weights [outSize][first, weights...] with which source cells make up each target cell: the overlap of their areas. */
function overlaps(from: number, size: number, outSize: number): { first: number; weights: number[] }[] {
  const step = size / outSize;
  return Array.from({ length: outSize }, (_, i) => {
    const [start, end] = [i * step, (i + 1) * step];
    const weights: number[] = [];
    for (let cell = Math.floor(start); cell < Math.min(size, Math.ceil(end)); cell++) {
      weights.push((Math.min(cell + 1, end) - Math.max(cell, start)) / step);
    }
    return { first: from + Math.floor(start), weights };
  });
}

/**
 * A picture as the MNIST digits were made (LeCun et al. 1998, section III-A): ink is 1 and paper 0, the ink's bounding
 * box scaled so that its longer side is `box` cells, averaging areas, and placed so that its centre of mass lies in the
 * middle of `size` x `size` cells. Dark ink on light paper and light ink on dark paper give the same answer.
 * Throws an OptionError for a blank picture.
 */
export function digitInput(picture: Gray, size: number, box: number): Float32Array {
  const ink = inkOf(picture);
  if (ink === undefined)
    throw new OptionError('digit: expected a picture with ink on plain paper, got a blank one');
  const { left, top, right, bottom } = inkBox(ink, picture.width);
  const scale = box / Math.max(right - left, bottom - top);
  const width = Math.max(1, Math.round((right - left) * scale));
  const height = Math.max(1, Math.round((bottom - top) * scale));
  const columns = overlaps(left, right - left, width);
  const rows = overlaps(top, bottom - top, height);

  const small = new Float32Array(width * height);
  let [mass, massX, massY, strongest] = [0, 0, 0, 0];
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      let sum = 0;
      for (const [v, wy] of row.weights.entries()) {
        const line = (row.first + v) * picture.width + column.first;
        for (const [u, wx] of column.weights.entries()) sum += wy * wx * ink[line + u];
      }
      small[y * width + x] = sum;
      mass += sum;
      massX += sum * (x + 0.5);
      massY += sum * (y + 0.5);
      strongest = Math.max(strongest, sum);
    }
  }

  const place = (centre: number, extent: number) =>
    Math.min(size - extent, Math.max(0, Math.round(size / 2 - centre)));
  const [offsetX, offsetY] = [place(massX / mass, width), place(massY / mass, height)];
  const out = new Float32Array(size * size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // A thin pen fades when it is scaled down; dividing by the strongest cell brings its ink back to 1.
      out[(y + offsetY) * size + x + offsetX] = small[y * width + x] / strongest;
    }
  }
  return out;
}
