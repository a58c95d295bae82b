/** Sizes are rounded up to this, so that requests that are nearly alike share memory. */
const grain = 2 ** 16;
/** What is kept for later, at most: some fifty pictures of 224 x 224 as FP32. */
const mostIdle = 32 * 2 ** 20;

const idle = new Map<number, ArrayBuffer[]>();
let idleBytes = 0;

/**
 * Memory of at least `bytes`, with whatever was in it before. Bodies of requests lie in it: at hundreds a second, fresh memory
 * for each would keep the garbage collector busy, which counts every byte that JavaScript objects own.
 */
export function borrow(bytes: number): ArrayBuffer {
  const size = Math.ceil(bytes / grain) * grain;
  const found = idle.get(size)?.pop();
  if (!found) return Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
  idleBytes -= size;
  return found;
}

/** For whoever borrows next; nothing may look into it any more. */
export function giveBack(memory: ArrayBuffer): void {
  const size = memory.byteLength;
  if (idleBytes + size > mostIdle) return;
  idleBytes += size;
  const same = idle.get(size);
  if (same) same.push(memory);
  else idle.set(size, [memory]);
}
