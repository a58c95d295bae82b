import { extname } from 'node:path';
import { ModelFileError } from '../errors.js';
import { type BackendInfo, load, loadOnnx, loadTfjs, type Model, type ModelOptions } from '../index.js';
import { UsageError } from './command.js';

/** The options that say which engine computes, for `parseArgs`. */
export const engineOptions = { backend: { type: 'string' } } as const;

/** The options that say what a model of pictures takes and names. */
export const pictureOptions = { labels: { type: 'string' }, preset: { type: 'string' } } as const;

/** Loads a model for a command: ONNX by the file's ending, everything else is a file that neocog saved. */
export function loadModel(
  path: string,
  { backend, threads }: { backend?: string | undefined; threads?: number | undefined },
  options: Pick<ModelOptions, 'labels' | 'preprocessing'> = {},
): Promise<Model> {
  const given = { ...options, backend: backendOf(backend), threads };
  switch (extname(path).toLowerCase()) {
    case '.onnx':
      return loadOnnx(path, given);
    case '.json':
      return loadTfjs(path, given);
    case '.safetensors':
      return load(path, given);
    default:
      return load(path, given).catch((error: Error) => {
        throw new ModelFileError(`${error.message}; ONNX files are known by .onnx, tfjs models by .json`, {
          cause: error,
        });
      });
  }
}

/** `native avx512, 2 threads` or `js (pure TypeScript): the reason`. */
export function engineLine({ name, isa, threads, reason }: BackendInfo): string {
  const count = threads === 1 ? '1 thread' : `${threads} threads`;
  const engine = name === 'native' ? `native ${isa}, ${count}` : 'js (pure TypeScript)';
  return reason === undefined ? engine : `${engine}: ${reason}`;
}

function backendOf(name: string | undefined): 'native' | 'js' | undefined {
  if (name === undefined || name === 'native' || name === 'js') return name;
  throw new UsageError(`expected --backend to be native or js, got ${JSON.stringify(name)}`);
}
