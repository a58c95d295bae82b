import { NeocogError } from '../errors.js';

/** No line of results is as long as that. */
const longest = 1 << 26;

/** Lines of UTF-8 text that end with a newline, and the number of bytes up to there; what follows the last is left out. */
export async function* completeLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly text: string; readonly end: number }, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let end = 0;
  for await (const chunk of chunks) {
    let begin = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, begin)) {
      parts.push(chunk.subarray(begin, at));
      const line = Buffer.concat(parts);
      end += line.length + 1;
      yield { text: line.toString('utf8'), end };
      [parts, length, begin] = [[], 0, at + 1];
    }
    parts.push(chunk.subarray(begin));
    length += chunk.length - begin;
    if (length > longest) {
      throw new NeocogError('ERR_RESULTS', `expected lines of text, got one of more than ${longest} bytes`);
    }
  }
}
