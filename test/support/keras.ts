/** Hand-made model.json files: layers, how they are connected, and weights of counted numbers. */

export interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly [more: string]: unknown;
}

type Json = Readonly<Record<string, unknown>>;

export const layer = (type: string, name: string, config: Json = {}, more: Json = {}) => ({
  class_name: type,
  config: { name, ...config },
  ...more,
});

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Small whole numbers, another sequence for each seed. */
export const numbers = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 7 + seed * 13) % 11) - 5);

export function manifest(weights: readonly Entry[], paths: readonly string[] = ['weights.bin']): Json[] {
  return [{ paths, weights: weights.map((entry) => ({ dtype: 'float32', ...entry })) }];
}

export function sequentialJson(layers: readonly unknown[], weights: readonly Entry[], more: Json = {}): Json {
  return {
    format: 'layers-model',
    modelTopology: {
      keras_version: '2.15.0',
      model_config: { class_name: 'Sequential', config: { name: 'net', layers } },
      ...more,
    },
    weightsManifest: manifest(weights),
  };
}

/** float32 bytes of `numbers` for every entry, in order. */
export function weightData(weights: readonly Entry[]): Uint8Array {
  return Uint8Array.from(
    Buffer.concat(weights.map(({ shape }, i) => Buffer.from(numbers(sizeOf(shape), i).buffer))),
  );
}
