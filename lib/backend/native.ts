import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Binding, NativeProgram } from '../../binding.js';
import { BackendError } from '../errors.js';
import type { Plan } from '../graph/plan.js';
import { packageRoot } from '../root.js';
import { abortable } from './abort.js';
import type { Backend, Program, RunInput } from './backend.js';
import { faultOfBinary } from './binary.js';

/** The addon, or why there is none: *broken* is worth a warning, *absent* is an ordinary way to live. */
export type Addon =
  | { readonly binding: Binding; readonly path: string }
  | { readonly binding: undefined; readonly broken: boolean; readonly reason: string };

let addon: Addon | undefined;

/** Looks for the addon and loads it, the first time. */
export function loadAddon(): Addon {
  addon ??= findAddon();
  return addon;
}

function findAddon(): Addon {
  const require = createRequire(import.meta.url);
  const none = (reason: string, broken = false): Addon => ({ binding: undefined, broken, reason });
  let path: string;
  try {
    const finder: { path(root: string): string } = require('node-gyp-build');
    path = finder.path(fileURLToPath(packageRoot() ?? new URL('.', import.meta.url)));
  } catch (error) {
    return none(`no native binary for ${process.platform}-${process.arch} (${firstLine(error)})`);
  }
  try {
    const fault = faultOfBinary(path);
    if (fault) return none(`the native binary ${path} is broken: ${fault}`, true);
    const binding: Binding = require(path);
    if (typeof binding.isas !== 'function')
      return none(`the native binary ${path} is not the addon of neocog`, true);
    return { binding, path };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ERR_DLOPEN_DISABLED' || code === 'ERR_ACCESS_DENIED') {
      return none(`native addons are disabled in this process (${firstLine(error)})`);
    }
    return none(`the native binary ${path} cannot be loaded: ${firstLine(error)}`, true);
  }
}

/** Names of the instruction sets that the addon has code for and this machine can run, best first. */
export function nativeIsas(binding: Binding): string[] {
  return binding
    .isas()
    .filter(({ supported }) => supported)
    .map(({ name }) => name);
}

/** The native engine on one instruction set that this machine can run. */
export function nativeBackend(binding: Binding, isa: string, threads: number): Backend {
  return Object.freeze({
    name: 'native' as const,
    isa,
    threads,
    load: (plan: Plan) => wrap(translated(() => new binding.Program(plan, isa, threads))),
  });
}

let runs = 0;

function wrap(native: NativeProgram): Program {
  return Object.freeze({
    bytes: native.bytes,

    runSync(batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]) {
      try {
        native.runSync(batch, inputs, outputs);
      } catch (error) {
        throw backendError(error);
      }
    },

    profile: (batch: number, inputs: readonly Float32Array[], outputs: readonly Float32Array[]) =>
      translated(() => native.profile(batch, inputs, outputs)),

    run(batch: number, inputs: readonly RunInput[], signal?: AbortSignal) {
      const id = ++runs;
      const start = async (): Promise<Float32Array[]> => {
        try {
          return await native.run(batch, inputs, id);
        } catch (error) {
          throw backendError(error);
        }
      };
      return abortable(signal, start, () => native.cancel(id));
    },

    giveBack: (constant: number, weights: Float32Array) =>
      translated(() => native.giveBack(constant, weights)),
    unpack: (constant: number, weights: Float32Array) => translated(() => native.unpack(constant, weights)),

    dispose: () => native.dispose(),
  });
}

function translated<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw backendError(error);
  }
}

/** Errors of the addon carry a code; they leave here as errors of this package. */
function backendError(error: unknown): BackendError {
  const code = codeOf(error) === 'ERR_OUT_OF_MEMORY' ? 'ERR_OUT_OF_MEMORY' : 'ERR_BACKEND';
  return new BackendError(`native backend: ${firstLine(error)}`, { code, cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
