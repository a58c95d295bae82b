import type { IncomingMessage } from 'node:http';
import { createGunzip, createInflate } from 'node:zlib';
import { detach } from '../backend/detach.js';
import { NeocogError, show } from '../errors.js';
import { BudgetError } from './errors.js';
import { growing } from './growing.js';
import type { Share } from './memory.js';
import { headerLength } from './protocol/binary.js';
import { Refusal } from './refusal.js';

/** The largest body, also when it is unpacked: a batch of 100 pictures of 224 x 224 as FP32. */
export const defaultMaxBodyBytes = 64 * 2 ** 20;

const unpackers = new Map([
  ['gzip', createGunzip],
  ['deflate', createInflate],
]);

/** A whole body. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Gives its memory to other requests: to be called once, by whoever reads it last, or never. */
  readonly release: (() => void) | undefined;
}

/** Where every data type may be read in place. */
const aligned = 8;

/**
 * The whole body of a request, unpacked; tensors behind a JSON header begin where they can be read in place. Its memory is
 * taken from `share` before it is allocated: all at once where the request says how much it is, piece by piece where it does
 * not; whoever made the share releases it. Rejects with a Refusal: 413 where it is larger than `maxBytes`, packed or unpacked,
 * 415 for an unknown Content-Encoding, 400 where it is damaged or incomplete; with a BudgetError where there is no room for it.
 */
export async function readBody(message: IncomingMessage, maxBytes: number, share: Share): Promise<Body> {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const unpack = unpackers.get(encoding);
  if (!unpack && encoding !== 'identity') {
    message.resume();
    throw new Refusal(415, `expected the content encoding gzip, deflate or none, got ${show(encoding)}`, {
      'accept-encoding': 'gzip, deflate',
    });
  }
  const packed = await readRaw(message, maxBytes, share);
  if (!unpack) return packed;
  const before = share.bytes;
  const unpacked = growing(maxBytes, share, startOf(message), ' when it is unpacked');
  const unpacker = unpack({ chunkSize: 65536 });
  try {
    unpacker.end(packed.bytes);
    for await (const chunk of unpacker) unpacked.add(chunk);
  } catch (error) {
    if (error instanceof NeocogError) throw error;
    throw new Refusal(400, `the body is no valid ${encoding}: ${(error as Error).message}`);
  }
  packed.release?.();
  share.shrink(before);
  return unpacked.done();
}

/** Where a body begins in its memory, so that what follows its JSON is aligned. */
function startOf({ headers }: IncomingMessage): number {
  const json = Number(headers[headerLength] ?? 0);
  return json > 0 ? (aligned - (json % aligned)) % aligned : 0;
}

function readRaw(message: IncomingMessage, maxBytes: number, share: Share): Promise<Body> {
  // Node's parser lets no body through that is longer or shorter than it says.
  const declared = Number(message.headers['content-length'] ?? 0);
  const body = growing(maxBytes, share, startOf(message), '');
  return new Promise((resolve, reject) => {
    const end = (): void => {
      message.off('data', take).off('end', finish).off('close', lost).off('error', lost);
    };
    const orRefuse = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        end();
        // What still arrives is dropped, so that the sender gets to read the answer.
        if (error instanceof BudgetError) {
          drop(message, maxBytes, () => reject(error));
        } else {
          message.resume();
          reject(error);
        }
      }
    };
    const take = (chunk: Buffer): void =>
      orRefuse(() => {
        body.add(chunk);
        if (isWhole(chunk) && message.listenerCount('data') === 1) detach(chunk.buffer as ArrayBuffer);
      });
    const finish = (): void => {
      end();
      resolve(body.done());
    };
    const lost = (): void => {
      end();
      reject(new Refusal(400, 'the body ended before it was complete'));
    };
    message.on('data', take).on('end', finish).on('close', lost).on('error', lost);
    orRefuse(() => body.expect(declared));
  });
}

/**
 * Drops the rest of a body that is not too large in itself: its sender should read that it may come again, and many do not
 * read while they send. Goes on when it has come, or when it turns out to be too large.
 */
function drop(message: IncomingMessage, maxBytes: number, then: () => void): void {
  let left = maxBytes;
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) end();
  };
  const end = (): void => {
    message.off('data', count).off('end', end).off('close', end);
    message.resume();
    then();
  };
  message.on('data', count).on('end', end).on('close', end);
}

/** Whether a piece is all of its memory, and that is worth to be freed. */
function isWhole({ byteLength, buffer }: Buffer): boolean {
  return byteLength >= 2 ** 14 && byteLength === buffer.byteLength;
}
