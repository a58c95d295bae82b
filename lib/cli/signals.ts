const names = ['SIGTERM', 'SIGINT'] as const;

/**
 * Calls `told` with the first SIGTERM or SIGINT; a second one ends the process as if nobody listened. Returns what ends the
 * listening.
 */
export function onFirstSignal(told: (name: NodeJS.Signals) => void): () => void {
  const ignore = (): void => {
    for (const name of names) process.off(name, listener);
  };
  const listener = (name: NodeJS.Signals): void => {
    ignore();
    told(name);
  };
  for (const name of names) process.on(name, listener);
  return ignore;
}

/** Resolves with the first SIGTERM or SIGINT. */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => onFirstSignal(resolve));
}
