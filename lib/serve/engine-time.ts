let free = 0;

/** A span of the engine's time, on the clock of `performance.now()`. */
export interface EngineTime {
  readonly begin: number;
  readonly ms: number;
}

/**
 * The part of a run that nobody else had before: a run that was handed over while another one computed begins when that
 * one ends.
 */
export function engineTime(handedOver: number): EngineTime {
  const now = performance.now();
  const begin = Math.min(now, Math.max(handedOver, free));
  free = now;
  return { begin, ms: now - begin };
}
