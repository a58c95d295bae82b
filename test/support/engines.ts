import type { ModelOptions } from 'neocog';
import { type Backend, selectBackend } from './internals.js';

/** One engine of this machine, or the reason why it cannot be tested here. */
export interface Engine {
  readonly name: string;
  /** The name, and the reason where there is one: what a list of skipped tests shows. */
  readonly title: string;
  readonly options: Pick<ModelOptions, 'backend' | 'isa'>;
  readonly missing?: string;
}

const isas =
  process.arch === 'arm64' ? (['scalar', 'neon'] as const) : (['scalar', 'avx2', 'avx512'] as const);

function engine(name: string, options: Engine['options'], missing?: string): Engine {
  return missing === undefined
    ? { name, title: name, options }
    : { name, title: `${name} (${missing})`, options, missing };
}

/** Without what stands in brackets: the finder's own words, with every path it looked at. */
function shortReason(error: unknown): string {
  return (error as Error).message.replace(/^backend: /, '').replace(/ \(.*$/s, '');
}

function probe(isa: (typeof isas)[number]): Engine {
  const options = { backend: 'native', isa } as const;
  try {
    const { isa: ran } = selectBackend(options);
    if (ran !== isa) throw new Error(`asked for ${isa}, got ${ran}`);
    return engine(`native ${isa}`, options);
  } catch (error) {
    return engine(`native ${isa}`, options, shortReason(error));
  }
}

/** The TypeScript engine and every instruction set of the native one. */
export const engines: readonly Engine[] = [engine('js', { backend: 'js' }), ...isas.map(probe)];

export const available: readonly Engine[] = engines.filter(({ missing }) => missing === undefined);

/** Why there is no native engine at all; undefined where there is one. */
export const nativeMissing: string | undefined = engines.find(
  ({ name }) => name === 'native scalar',
)?.missing;

// CI sets this: there, a missing native build is no reason to skip.
if (nativeMissing !== undefined && process.env.NEOCOG_REQUIRE_NATIVE === '1') {
  throw new Error(`NEOCOG_REQUIRE_NATIVE is set and there is no native engine: ${nativeMissing}`);
}

/** Both backends as a user names them. */
export const backends: readonly Engine[] = [
  engine('js', { backend: 'js' }),
  engine('native', { backend: 'native' }, nativeMissing),
];

const loaded = new Map<string, Backend>();

/** The engine with a number of threads; the same object for the same question. */
export function open(engine: Engine, threads = 2): Backend {
  const key = `${engine.name} ${threads}`;
  const { backend, isa } = engine.options;
  const known =
    loaded.get(key) ?? selectBackend({ ...(backend && { backend }), ...(isa && { isa }), threads });
  loaded.set(key, known);
  return known;
}
