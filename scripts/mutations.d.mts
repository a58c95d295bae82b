/** 'bytes' has no joints: numbers alone. */
export type Kind = 'onnx' | 'safetensors' | 'json' | 'bytes';

export interface Field {
  readonly begin: number;
  readonly end: number;
}

export function dice(seed: number): {
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
  chance(share: number): boolean;
};
export function truncations(length: number, borders: readonly number[], step: number): number[];
export function mutant(bytes: Uint8Array, kind: Kind, seed: number): Uint8Array;
export function fieldsOf(bytes: Uint8Array): readonly Field[];
export function headerEnd(bytes: Uint8Array): number;
