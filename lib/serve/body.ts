import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { detach } from '../backend/detach.js';
import { show } from '../errors.js';
import { borrow, giveBack } from './memory.js';
import { headerLength } from './protocol/binary.js';
import { Refusal } from './refusal.js';

/** The largest body, also when it is unpacked: a batch of 100 pictures of 224 x 224 as FP32. */
export const defaultMaxBodyBytes = 64 * 2 ** 20;

const unpackers = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

/** A whole body. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Gives its memory to other requests; to be called once, by whoever reads it last, or never. */
  release(): void;
}

const aligned = 8;

/**
 * The whole body of a request, unpacked. Tensors behind a JSON header begin where every data type may be read in place. Its memory is taken when its first bytes arrive, all at once where the request
 * says how much it is, and never more than `maxBytes`. Rejects with a Refusal: 413 where it is too large, packed or
 * unpacked, 415 for an unknown Content-Encoding, 400 where it is damaged or incomplete.
 */
export async function readBody(message: IncomingMessage, maxBytes = defaultMaxBodyBytes): Promise<Body> {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const unpack = unpackers.get(encoding);
  if (!unpack && encoding !== 'identity') {
    message.resume();
    throw new Refusal(415, `expected the content encoding gzip, deflate or none, got ${show(encoding)}`, {
      'accept-encoding': 'gzip, deflate',
    });
  }
  const body = await readRaw(message, maxBytes);
  if (!unpack) return body;
  try {
    return { bytes: await unpack(body.bytes, { maxOutputLength: maxBytes }), release() {} };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(maxBytes, ' when it is unpacked');
    throw new Refusal(400, `the body is no valid ${encoding}: ${(error as Error).message}`);
  }
}

function readRaw(message: IncomingMessage, maxBytes: number): Promise<Body> {
  // Node's parser lets no body through that is longer or shorter than it says.
  const declared = Number(message.headers['content-length'] ?? 0);
  const header = Number(message.headers[headerLength] ?? 0);
  const start = header > 0 ? (aligned - (header % aligned)) % aligned : 0;
  let memory: ArrayBuffer | undefined;
  let buffer = Buffer.alloc(0);
  let length = 0;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      message.off('data', take).off('end', finish).off('close', lost).off('error', lost);
    };
    const refuse = (): void => {
      end();
      // What still arrives is dropped, so that the sender gets to read the answer.
      message.resume();
      reject(tooLarge(maxBytes, ''));
    };
    const take = (chunk: Buffer): void => {
      const needed = length + chunk.length;
      if (needed > maxBytes) {
        refuse();
        return;
      }
      if (needed > buffer.length) {
        // Bodies in chunks do not say how long they will be: twice as much each time.
        const size = declared || Math.min(maxBytes, Math.max(65536, 2 * needed));
        const larger = borrow(start + size);
        const grown = Buffer.from(larger, start, size);
        buffer.copy(grown, 0, 0, length);
        if (memory) giveBack(memory);
        memory = larger;
        buffer = grown;
      }
      chunk.copy(buffer, length);
      length = needed;
      if (isWhole(chunk) && message.listenerCount('data') === 1) detach(chunk.buffer as ArrayBuffer);
    };
    const finish = (): void => {
      end();
      resolve({
        bytes: buffer.subarray(0, length),
        release() {
          if (memory) giveBack(memory);
          memory = undefined;
        },
      });
    };
    const lost = (): void => {
      end();
      reject(new Refusal(400, 'the body ended before it was complete'));
    };
    if (declared > maxBytes) {
      refuse();
      return;
    }
    message.on('data', take).on('end', finish).on('close', lost).on('error', lost);
  });
}

/** Whether a piece is all of its memory, and that is worth to be freed. */
function isWhole({ byteLength, buffer }: Buffer): boolean {
  return byteLength >= 2 ** 14 && byteLength === buffer.byteLength;
}

function tooLarge(maxBytes: number, how: string): Refusal {
  return new Refusal(413, `expected a body of at most ${maxBytes} bytes${how}`);
}
