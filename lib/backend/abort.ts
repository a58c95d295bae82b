/** Runs that wait on a signal. It has one listener for all of them: Node warns of a leak at the eleventh. */
interface Watch {
  readonly stops: Set<() => void>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `stop` at the abort, unless `unwatch` comes first. */
export function watch(signal: AbortSignal, stop: () => void): void {
  const known = watches.get(signal);
  if (known) {
    known.stops.add(stop);
    return;
  }
  const stops = new Set([stop]);
  const listener = (): void => {
    for (const each of stops) each();
  };
  watches.set(signal, { stops, listener });
  signal.addEventListener('abort', listener, { once: true });
}

/** The last run takes the listener with it. */
export function unwatch(signal: AbortSignal, stop: () => void): void {
  const known = watches.get(signal);
  if (!known?.stops.delete(stop) || known.stops.size > 0) return;
  signal.removeEventListener('abort', known.listener);
  watches.delete(signal);
}

/**
 * The promise of `start`, or a rejection with the signal's reason at the moment of the abort, when `cancel` is called.
 * Where the signal is aborted already, nothing is started. No listener stays behind.
 */
export function abortable<T>(
  signal: AbortSignal | undefined,
  start: () => Promise<T>,
  cancel: () => void,
): Promise<T> {
  if (!signal) return start();
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason);
      cancel();
    };
    watch(signal, stop);
    start()
      .then(resolve, reject)
      .finally(() => unwatch(signal, stop));
  });
}
