import type { Fail } from '../safetensors.js';
import type { Numbers, OnnxTensor } from './file.js';

/** Besides the file itself, so much more than its length may be taken while it is read. */
const slackBytes = 16 * 2 ** 20;

/** A tensor whose numbers lie in another file: `data` is set when they were read. */
export interface ExternalTensor {
  readonly tensor: OnnxTensor & { data: Numbers | undefined };
  readonly elements: number;
  /** Where they lie, as the file says it; nothing of it is checked yet. */
  readonly entries: ReadonlyMap<string, string>;
  readonly fail: Fail;
}

/** What all parts of one reading share. */
export interface ReadContext {
  /** To be told before memory is taken; refuses what no honest file of this length needs. */
  take(bytes: number, fail: Fail): void;
  /** Collects tensors that lie elsewhere; where it is absent, they are refused. */
  readonly external: ExternalTensor[] | undefined;
  /** The bytes belong to the reader, which may move numbers in them to where they are aligned. */
  readonly owned: boolean;
}

export function readContext(fileBytes: number, owned: boolean, external?: ExternalTensor[]): ReadContext {
  const limit = fileBytes + slackBytes;
  let taken = 0;
  return Object.freeze({
    external,
    owned,
    take(bytes: number, fail: Fail) {
      taken += bytes;
      if (taken > limit) {
        fail(`expected a file of ${fileBytes} bytes to need ${limit} bytes of memory at most, got more`);
      }
    },
  });
}
