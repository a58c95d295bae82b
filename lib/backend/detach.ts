import { loadAddon } from './native.js';

/** Of Node 22 and later. */
interface Transferable {
  transfer?(length: number): unknown;
}

/**
 * Frees the memory of `buffer` at once, which then has length 0; where that cannot be done, the garbage collector does it some
 * time later.
 */
export function detach(buffer: ArrayBuffer): void {
  const { transfer } = buffer as Transferable;
  if (transfer) transfer.call(buffer, 0);
  else loadAddon().binding?.detach(buffer);
}
