import type { BackendOptions } from '../backend/backend.js';
import { selectBackend } from '../backend/select.js';
import type { AlgorithmOptions } from '../compile/algorithms.js';
import { OptionError, show } from '../errors.js';
import { type Json, plainJson } from '../json.js';
import { boolean, expected, list, type Options, oneOf, positiveInteger } from '../options.js';

/** Options of every model. */
export interface ModelOptions {
  /** The engine: the native one where it runs. */
  readonly backend?: 'native' | 'js' | undefined;
  /** The instruction set of the native engine: the best that this machine has. */
  readonly isa?: 'scalar' | 'neon' | 'avx2' | 'avx512' | undefined;
  /** Threads that compute: the cores that this process may use. */
  readonly threads?: number | undefined;
  /**
   * No algorithms that trade accuracy for speed: false. Without it, convolutions of 3x3 windows may take Winograd's algorithm:
   * several times faster, with errors about twice those of the plain sum, and where one input is NaN or infinite, so are
   * the outputs of its whole tile of up to 4x4.
   */
  readonly exact?: boolean | undefined;
  /**
   * No algorithms that trade memory for speed: false. Without it, the weights of a convolution of 3x3 windows may take 4 times
   * their size, with it at most twice. With it, large weights of dense layers are in memory once, as the native engine
   * packs them (on Linux); reading them (`weights`, `save`) takes as long as packing did.
   */
  readonly lowMemory?: boolean | undefined;
  /** The batch that algorithms are chosen for: 1. Every batch works; those near this one are fastest. */
  readonly batchHint?: number | undefined;
  /**
   * How the engine keeps the weights of large dense layers: 'f32'. With 'f16' they are rounded to half precision, take half
   * the memory and half the time where memory is the limit, and move answers by about 1e-4 of their size. Sums stay
   * float32, `getWeights` and files what they were; weights that do not fit (beyond 65504, or all tiny) are not rounded.
   */
  readonly weights?: 'f32' | 'f16' | undefined;
  /** What initial weights are drawn from: 0. */
  readonly seed?: number | undefined;
  /** How data become the model's input; plain JSON that is kept in its file. */
  readonly preprocessing?: Json | undefined;
  /** Names of the classes, kept in the model's file. */
  readonly labels?: readonly string[] | undefined;
}

export const modelOptionNames = [
  'backend',
  'isa',
  'threads',
  'exact',
  'lowMemory',
  'batchHint',
  'weights',
  'seed',
  'preprocessing',
  'labels',
] as const;

/** Model options as checked. */
export interface ModelSettings {
  readonly backend: BackendOptions;
  readonly algorithms: AlgorithmOptions;
  readonly seed: number;
  readonly preprocessing: Json | undefined;
  readonly labels: readonly string[] | undefined;
}

const maxLabels = 1_000_000;

/** Checks the options; what asks for a certain engine is tried at once, so that it fails here and not at the first run. */
export function modelSettings(who: string, given: Options<(typeof modelOptionNames)[number]>): ModelSettings {
  const { backend, isa, threads } = given;
  const asked = {
    ...(backend === undefined ? {} : { backend: oneOf(who, 'backend', backend, ['native', 'js']) }),
    ...(isa === undefined ? {} : { isa: oneOf(who, 'isa', isa, ['scalar', 'neon', 'avx2', 'avx512']) }),
    ...(threads === undefined ? {} : { threads: positiveInteger(who, 'threads', threads) }),
  };
  const algorithms = {
    exact: boolean(who, 'exact', given.exact, false),
    lowMemory: boolean(who, 'lowMemory', given.lowMemory, false),
    batchHint: positiveInteger(who, 'batchHint', given.batchHint, 1),
    weights: oneOf(who, 'weights', given.weights, ['f32', 'f16'], 'f32'),
  } as const;
  const settings = {
    backend: Object.freeze(asked),
    algorithms: Object.freeze(algorithms),
    seed: seedOf(who, given.seed),
    preprocessing:
      given.preprocessing === undefined ? undefined : plainJson(who, 'preprocessing', given.preprocessing),
    labels: given.labels === undefined ? undefined : readLabels(who, given.labels),
  };
  if (Object.keys(asked).length > 0) selectBackend(asked);
  return Object.freeze(settings);
}

function readLabels(who: string, value: unknown): readonly string[] {
  const labels = list(who, 'labels', value, 'an array of texts');
  if (labels.length > maxLabels) {
    throw new OptionError(`${who}: expected at most ${maxLabels} labels, got ${labels.length}`);
  }
  const wrong = labels.findIndex((label) => typeof label !== 'string');
  if (wrong < 0) return Object.freeze(labels as string[]);
  throw new OptionError(`${who}: expected labels[${wrong}] to be a text, got ${show(labels[wrong])}`);
}

/** Any whole number will do, a time of day or a hash too: the generator starts from its digits. */
function seedOf(who: string, seed: unknown): number {
  if (seed === undefined) return 0;
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return Math.abs(seed as number);
  throw expected(who, 'seed', 'a non-negative integer of at most 2^53 - 1', seed);
}
