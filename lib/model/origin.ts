import type { OnnxFile } from '../formats/onnx/file.js';
import type { CallReader } from './calls.js';
import type { Model } from './face.js';
import type { Network } from './network.js';
import type { ModelSettings } from './options.js';

/** What is behind a model, for those who write it to files of other formats or compute calls together. */
export type Origin =
  | {
      readonly kind: 'network';
      network(): Network;
      arrays(): readonly Float32Array[];
      readonly settings: ModelSettings;
      readonly read: CallReader;
      /** Of the packed weights, which are packed now where they were not before. */
      packedBytes(): number;
    }
  | {
      readonly kind: 'graph';
      file(): OnnxFile;
      readonly settings: ModelSettings;
      readonly read: CallReader;
      /** As above; nothing is packed for shapes that are not known yet. */
      packedBytes(): number;
    };

const origins = new WeakMap<Model, Origin>();

export function register(model: Model, origin: Origin): void {
  origins.set(model, origin);
}

/** Undefined for an object that is no model of this package. */
export function originOfModel(value: unknown): Origin | undefined {
  return typeof value === 'object' && value !== null ? origins.get(value as Model) : undefined;
}
