import type { Model } from '../dist/index.js';
import type { Kind } from './mutations.mjs';

export interface Subject {
  readonly name: string;
  readonly kind: Kind;
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array, backend?: 'native' | 'js') => Promise<Model>;
  /** Of weights that lie in other files. */
  readonly extraBytes?: number;
  /** It takes too long to be run often. */
  readonly large?: true;
}

export function subjects(
  readers: Pick<typeof import('../dist/index.js'), 'load' | 'loadOnnx' | 'loadTfjs'>,
  ownModels: string,
  shared: string | undefined,
): Promise<readonly Subject[]>;
export function bordersOf(subject: Subject): readonly number[];
export function fed(
  subject: Subject,
  copy: Uint8Array,
  backend: 'native' | 'js' | undefined,
  mostMs: number,
): Promise<Model | undefined>;
export function ran(model: Model, seed: number): Promise<'answered' | 'refused' | 'large'>;
