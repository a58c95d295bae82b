import { anyTensor, type DataType, type Tensor } from '../../tensor.js';
import { refuse } from '../refusal.js';
import type { Edge } from './edges.js';

/** The header that says how many bytes of a body are JSON; raw tensors follow them. */
export const headerLength = 'inference-header-content-length';

/** Where the JSON of a body ends; undefined where all of it is JSON. Throws a Refusal (400). */
export function jsonLength(header: string | string[] | undefined, bodyLength: number): number | undefined {
  if (header === undefined) return undefined;
  const length = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (length <= bodyLength) return length;
  return refuse(
    `expected Inference-Header-Content-Length to be an integer from 0 to the ${bodyLength} bytes of the body, got ${header}`,
  );
}

/** Takes raw tensors from the end of a body, one behind the other. */
export interface Tail {
  /** The next `size` bytes; a Refusal (400) where they are not there. */
  take(who: string, size: number): Uint8Array;
  /** Refuses bytes that nobody took. */
  end(): void;
}

export function tailOf(bytes: Uint8Array): Tail {
  let at = 0;
  return {
    take(who, size) {
      if (size > bytes.length - at) {
        refuse(
          `${who}: expected ${size} bytes of binary data, got ${bytes.length - at} at the end of the body`,
        );
      }
      at += size;
      return bytes.subarray(at - size, at);
    },
    end() {
      if (at < bytes.length) {
        refuse(
          `expected ${at} bytes of binary data, as binary_data_size of the inputs says, got ${bytes.length}`,
        );
      }
    },
  };
}

/** A tensor over the bytes themselves, or over a copy where they lie at an odd place. */
export function binaryTensor(
  who: string,
  { datatype, dtype }: Edge,
  shape: readonly number[],
  bytes: Uint8Array,
): Tensor<DataType> {
  const data = datatype.view(bytes);
  if (dtype === 'bool') {
    const wrong = bytes.findIndex((byte) => byte > 1);
    if (wrong >= 0) refuse(`${who}: expected byte ${wrong} of a BOOL to be 0 or 1, got ${bytes[wrong]}`);
  }
  return anyTensor(shape, dtype, data as never);
}

/** The memory of a tensor as bytes, not copied. */
export function bytesOf({ data }: Tensor<DataType>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
