import { refuse } from '../refusal.js';

/** Deeper than any request: an array of rank 8 in an input in a request. */
const maxDepth = 32;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The value of a JSON text in UTF-8, nested at most 32 deep. Its objects have whatever names the sender likes, `__proto__`
 * too, as own properties: read them through `fieldsOf`. Throws a Refusal (400).
 */
export function parseJson(bytes: Uint8Array): unknown {
  const deep = tooDeep(bytes);
  if (deep >= 0) return refuse(`invalid JSON: nested more than ${maxDepth} deep at byte ${deep}`);
  const text = decoded(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    const hint = /-?\b(NaN|Infinity)\b/.test(text)
      ? '; JSON has no NaN and no Infinity, binary data have'
      : '';
    return refuse(`invalid JSON: ${(error as SyntaxError).message}${hint}`);
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse('invalid JSON: the text is no valid UTF-8');
  }
}

const [quote, backslash, open, close] = [0x22, 0x5c, 0x7b, 0x7d];

/** The byte where the nesting gets too deep, or -1: megabytes of brackets keep a parser busy for seconds. */
function tooDeep(bytes: Uint8Array): number {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === quote) {
      for (i++; i < bytes.length && bytes[i] !== quote; i++) if (bytes[i] === backslash) i++;
    } else if (byte > 0x5a) {
      // In ASCII a bracket and its brace differ in this bit alone.
      const brace = byte | 0x20;
      if (brace === open && ++depth > maxDepth) return i;
      if (brace === close) depth--;
    }
  }
  return -1;
}
