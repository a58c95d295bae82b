import { type BackendInfo, load, type Model } from '../index.js';
import { UsageError } from './command.js';

/** The options that say which engine computes, for `parseArgs`. */
export const engineOptions = { backend: { type: 'string' } } as const;

/** Loads a model for a command. */
export function loadModel(path: string, { backend }: { backend?: string | undefined }): Promise<Model> {
  if (backend === undefined) return load(path);
  if (backend !== 'native' && backend !== 'js') {
    throw new UsageError(`expected --backend to be native or js, got ${JSON.stringify(backend)}`);
  }
  return load(path, { backend });
}

/** `native avx512, 2 threads` or `js (pure TypeScript): the reason`. */
export function engineLine({ name, isa, threads, reason }: BackendInfo): string {
  const count = threads === 1 ? '1 thread' : `${threads} threads`;
  const engine = name === 'native' ? `native ${isa}, ${count}` : 'js (pure TypeScript)';
  return reason === undefined ? engine : `${engine}: ${reason}`;
}
