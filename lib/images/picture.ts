import type sharpPackage from 'sharp';
import type { Sharp } from 'sharp';
import { OptionError } from '../errors.js';
import { peer } from '../peer.js';
import type { Gray } from './digit.js';

/** An encoded picture: the path of its file, or its bytes. */
export type Encoded = string | Uint8Array;

/** Loads the optional peer that decodes pictures. */
async function sharp(): Promise<typeof sharpPackage> {
  return (await peer('sharp', 'reading pictures', () => import('sharp'))).default;
}

/** Fails early, once, where sharp is missing. */
export async function requireSharp(): Promise<void> {
  await sharp();
}

/** More than cameras take; a small file can claim to unfold to far more. */
export const maxPixels = 100e6;

/** A picture of more than `maxPixels`; it was not decoded. */
export class PixelsError extends OptionError {}

/** Is told of the bytes that a decoded picture takes, before it takes them; throws where there is no room. */
export type Hold = (bytes: number) => void;

/** A picture of which only the head was read; decoded it takes at most 4 bytes a pixel. Throws a PixelsError. */
async function opened(file: Encoded, hold: Hold | undefined): Promise<Sharp> {
  const open = await sharp();
  const { width, height } = await open(file).metadata();
  if (width * height > maxPixels) {
    throw new PixelsError(
      `expected a picture of at most ${maxPixels / 1e6} million pixels, got ${width} x ${height}`,
    );
  }
  hold?.(4 * width * height);
  return open(file, { limitInputPixels: maxPixels });
}

/** A grey picture with its opacity, 0..255 each. */
export interface GrayAlpha extends Gray {
  readonly alpha: Uint8Array;
}

/** Decodes to grey (Rec. 601 luma), upright as its EXIF data say, scaled down to at most `longest` pixels a side. */
export async function readGray(file: Encoded, longest: number, hold?: Hold): Promise<GrayAlpha> {
  const picture = await opened(file, hold);
  const { data: rgba, info } = await picture
    .rotate()
    .resize({ width: longest, height: longest, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const data = new Uint8Array(width * height);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.round(0.299 * rgba[i * 4] + 0.587 * rgba[i * 4 + 1] + 0.114 * rgba[i * 4 + 2]);
    alpha[i] = rgba[i * 4 + 3];
  }
  return { width, height, data, alpha };
}

/** Of a picture as it is scaled: a strip of a few hundred bytes can cover a square with gigabytes to its sides. */
const mostScaled = 100e6;

/**
 * Decodes to `channels` (1 grey, 3 RGB) bytes per pixel on white, scaled so that it just covers width x height.
 * Throws an OptionError for a picture so long and thin that this is more than 100 million pixels.
 */
export async function readCovering(
  file: Encoded,
  [width, height]: readonly [number, number],
  channels: 1 | 3,
  hold?: Hold,
) {
  const encoded = await opened(file, hold);
  const { width: w, height: h } = await encoded.metadata();
  if ((Math.max(width, height) ** 2 * Math.max(w, h)) / Math.min(w, h) > mostScaled) {
    throw new OptionError(
      `picture: expected sides less different, got ${w} x ${h}: to cover ${width} x ${height} it would have more than ${mostScaled / 1e6} million pixels`,
    );
  }
  const picture = encoded
    .rotate()
    .flatten({ background: '#ffffff' })
    .resize({ width, height, fit: 'outside', kernel: 'linear' });
  const { data, info } = await (channels === 1 ? picture.greyscale() : picture.toColourspace('srgb'))
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}
