import { BackendError, show } from '../errors.js';
import { expected, oneOf, positiveInteger, readOptions } from '../options.js';
import type { Backend, BackendInfo, BackendOptions } from './backend.js';
import { usableCores } from './cores.js';
import { jsBackend } from './js.js';
import { loadAddon, nativeBackend, nativeIsas } from './native.js';

const names = ['native', 'js'] as const;
const isas = ['scalar', 'neon', 'avx2', 'avx512'] as const;
/** As many as the native pool can hold (kMaxThreads of native/pool.h). */
const maxThreads = 256;

const selected = new Map<string, Backend>();
let warned = false;

/**
 * The backend for a model: options first, then NEOCOG_BACKEND, NEOCOG_ISA and NEOCOG_THREADS, then the best there is.
 * An instruction set that is asked for means the native engine; threads are what it may use at most.
 * Throws an OptionError for what cannot be meant, a BackendError for what this machine cannot do.
 */
export function selectBackend(options: BackendOptions = {}): Backend {
  const given = readOptions('backend', options, ['backend', 'isa', 'threads']);
  const name = oneOfOr(given.backend, 'backend', 'NEOCOG_BACKEND', names);
  const isa = oneOfOr(given.isa, 'isa', 'NEOCOG_ISA', isas);
  const threads = threadCount(given.threads);
  // NEOCOG_ISA is a default for the native engine and says nothing of a model that asks for the other one.
  if (name === 'js' && given.isa !== undefined) {
    throw new BackendError(`backend: expected no isa for the js backend, got ${show(isa)}`);
  }
  const key = `${name} ${isa} ${threads}`;
  let backend = selected.get(key);
  if (!backend) {
    backend = choose(name, isa, threads);
    selected.set(key, backend);
  }
  return backend;
}

/** What computes where no options are given: the answer of the public `backend()`. */
export function backendInfo(options: BackendOptions = {}): BackendInfo {
  const { name, isa, threads, reason } = selectBackend(options);
  return Object.freeze({ name, isa, threads, ...(reason === undefined ? {} : { reason }) });
}

function choose(
  name: 'native' | 'js' | undefined,
  isa: string | undefined,
  threads: number | undefined,
): Backend {
  if (name === 'js') return jsBackend('asked for by the option backend or by NEOCOG_BACKEND');
  const addon = loadAddon();
  if (addon.binding) {
    const able = nativeIsas(addon.binding);
    const chosen = isa ?? able[0];
    if (chosen === undefined || !able.includes(chosen)) {
      const rule = `one that this machine can run (${able.join(', ')})`;
      throw new BackendError(`backend: expected isa (or NEOCOG_ISA) to be ${rule}, got ${show(chosen)}`);
    }
    return nativeBackend(addon.binding, chosen, threads ?? Math.min(usableCores(), maxThreads));
  }
  if (name === 'native' || isa !== undefined) {
    const wanted = name === 'native' ? 'the native backend' : `the native backend with isa ${show(isa)}`;
    throw new BackendError(`backend: ${wanted} is not available: ${addon.reason}`);
  }
  if (addon.broken && !warned) {
    warned = true;
    process.emitWarning(`${addon.reason}; computing in TypeScript instead`, { code: 'NEOCOG_BROKEN_BINARY' });
  }
  return jsBackend(addon.reason);
}

function oneOfOr<T extends string>(
  option: unknown,
  name: string,
  variable: string,
  allowed: readonly T[],
): T | undefined {
  if (option !== undefined) return oneOf('backend', name, option, allowed);
  const text = process.env[variable];
  return text ? oneOf('environment', variable, text, allowed) : undefined;
}

function threadCount(option: unknown): number | undefined {
  const text = process.env.NEOCOG_THREADS;
  const given = option !== undefined || !text;
  const [who, name] = given ? ['backend', 'threads'] : ['environment', 'NEOCOG_THREADS'];
  const value = given ? option : /^\d+$/.test(text) ? Number(text) : text;
  if (value === undefined) return undefined;
  const threads = positiveInteger(who, name, value);
  if (threads > maxThreads) throw expected(who, name, `at most ${maxThreads}`, threads);
  return threads;
}
