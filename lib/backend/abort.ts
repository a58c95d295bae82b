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
    signal.addEventListener('abort', stop, { once: true });
    start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
