/** Text of a model or a file name, harmless to a terminal: control characters and direction marks become `?`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '?');
}

/** An error in one line; the system's own words without the call and the path, which the message names already. */
export function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\b(E[A-Z]+: [^,]+), \w+(?: '[^']*')?/, '$1');
}

/** `text` in exactly `width` characters; what is too long loses its end, or the other part than the one to `keep`. */
export function column(text: string, width: number, keep: 'start' | 'end' = 'start'): string {
  if (text.length <= width) return text.padEnd(width);
  if (keep === 'start') return `${text.slice(0, width - 1)}…`;
  return `…${text.slice(text.length - width + 1)}`;
}

/** How many characters a line of this stream may have; off a terminal nothing limits it. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY === true ? Math.max(stream.columns || 80, 20) : Infinity;
}

const eighths = ' ▏▎▍▌▋▊▉█';

/** A share from 0 to 1 as a bar, to an eighth of a character. */
export function bar(share: number, width: number): string {
  const cells = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = '█'.repeat(cells >> 3);
  return (cells & 7 ? full + eighths[cells & 7] : full).padEnd(width);
}

const codes = { green: 32, yellow: 33, red: 31, gray: 90, bold: 1 } as const;

/** Colours for a stream: none unless it is a terminal that can show them and NO_COLOR is unset (no-color.org). */
export function colours(stream: NodeJS.WriteStream): (colour: keyof typeof codes, text: string) => string {
  const wanted = stream.isTTY === true && !process.env.NO_COLOR && stream.hasColors();
  return (colour, text) => (wanted ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}
