import type { Body } from './body.js';
import { borrow, giveBack } from './buffers.js';
import type { Share } from './memory.js';
import { Refusal } from './refusal.js';

/** Bytes that come in pieces. */
export interface Growing {
  /** Takes the room for so many now; it is allocated when the first of them are there. */
  expect(bytes: number): void;
  add(piece: Uint8Array): void;
  done(): Body;
}

/**
 * One buffer of at most `maxBytes`, which begins `start` bytes into its memory. Throws a Refusal (413) where more would come,
 * `how` says in which way, and what `share` throws where there is no room.
 */
export function growing(maxBytes: number, share: Share, start: number, how: string): Growing {
  let memory: ArrayBuffer | undefined;
  let buffer = Buffer.alloc(0);
  let length = 0;
  let expected = 0;
  const check = (bytes: number): void => {
    if (bytes > maxBytes) throw new Refusal(413, `expected a body of at most ${maxBytes} bytes${how}`);
  };
  const release = (): void => {
    if (memory) giveBack(memory);
    memory = undefined;
  };
  return {
    expect(bytes) {
      check(bytes);
      share.grow(bytes);
      expected = bytes;
    },
    add(piece) {
      const needed = length + piece.length;
      check(needed);
      if (needed > buffer.length) {
        // Bodies in pieces do not say how long they will be: twice as much each time.
        const size = expected || Math.min(maxBytes, Math.max(65536, 2 * needed));
        if (expected === 0) share.grow(size);
        const larger = borrow(start + size);
        const grown = Buffer.from(larger, start, size);
        buffer.copy(grown, 0, 0, length);
        if (expected === 0) share.shrink(buffer.length);
        release();
        memory = larger;
        buffer = grown;
      }
      buffer.set(piece, length);
      length = needed;
    },
    done: () => ({ bytes: buffer.subarray(0, length), release }),
  };
}
