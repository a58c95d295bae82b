import sharp from 'sharp';

/** A small PNG file that unfolds to 12000 x 12000 pixels. */
export function widePicture(): Promise<Buffer> {
  const white = { width: 12000, height: 12000, channels: 3, background: '#fff' } as const;
  return sharp({ create: white }).png({ compressionLevel: 9 }).toBuffer();
}
