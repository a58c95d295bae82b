/**
 * Constants with a factor per channel still to be applied: element i is data[i] * scale[floor(i / inner) % channels],
 * rounded once. Millions of weights are multiplied where they are packed, not in a copy that lives until then.
 */
export interface Scaled {
  readonly data: Float32Array;
  readonly scale: Float64Array;
  readonly inner: number;
}

/** The numbers themselves. */
export function multiplied({ data, scale, inner }: Scaled): Float32Array {
  const product = new Float32Array(data.length);
  for (let i = 0, c = 0; i < product.length; c = c + 1 === scale.length ? 0 : c + 1) {
    const factor = scale[c] as number;
    for (const end = i + inner; i < end; i++) product[i] = (data[i] as number) * factor;
  }
  return product;
}
