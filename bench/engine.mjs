// The native addon itself, for the one thing that the package's face does not offer: what the CPU could do at best.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The addon, or undefined where it is absent. */
export function addon() {
  try {
    const require = createRequire(import.meta.url);
    return require('node-gyp-build')(fileURLToPath(new URL('..', import.meta.url)));
  } catch {
    return undefined;
  }
}

/** The instruction sets that can run here, best first. */
export const isas = () =>
  (addon()?.isas() ?? []).filter(({ supported }) => supported).map(({ name }) => name);
