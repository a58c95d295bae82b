import { OptionError, show } from '../errors.js';

/** One part of a pattern between slashes: a plain name, a rule for names, or any number of folders (`**`). */
export type Part = string | RegExp | typeof anyFolders;

export const anyFolders = Symbol('**');

/** What makes a name a rule. */
const special = /[*?[{]/;

/** Whether a path asks for a search; without that it names one file. */
export function isPattern(path: string): boolean {
  return special.test(path);
}

/**
 * The parts of a pattern as shells know it: `*` and `?` within a name, `[a-z]`, `[!a-z]`, `{jpg,png}`, and `**` for any
 * number of folders. Names that begin with a dot are found only where the pattern's part begins with one.
 * Throws an OptionError for brackets or braces that do not close.
 */
export function partsOf(pattern: string): readonly Part[] {
  return pattern
    .split('/')
    .filter((part, i) => part !== '' || i === 0)
    .map((part) => {
      if (part === '**') return anyFolders;
      return special.test(part) ? rule(part, pattern) : part;
    });
}

function rule(part: string, pattern: string): RegExp {
  const wrong = (what: string) =>
    new OptionError(`expected ${what} in ${show(pattern)}; a file of this very name is found as it stands`);
  let text = part.startsWith('.') ? '' : '(?!\\.)';
  let depth = 0;
  for (let i = 0; i < part.length; i++) {
    const c = part[i];
    if (c === '*') text += '.*';
    else if (c === '?') text += '.';
    else if (c === '[') {
      // A bracket that comes first is one of the set: []a].
      const end = part.indexOf(']', i + (part[i + 1] === '!' ? 3 : 2));
      if (end < 0) throw wrong('[ to be closed by ] in the same name');
      const set = part.slice(i + 1, end).replace(/[\\\]^[]/g, '\\$&');
      text += set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
      i = end;
    } else if (c === '{') {
      text += '(?:';
      depth++;
    } else if (c === ',' && depth > 0) text += '|';
    else if (c === '}' && depth > 0) {
      text += ')';
      depth--;
    } else text += c.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  if (depth > 0) throw wrong('{ to be closed by } in the same name');
  try {
    return new RegExp(`^${text}$`, 'su');
  } catch (error) {
    throw new OptionError(`${show(pattern)} is no pattern: ${(error as Error).message}`, { cause: error });
  }
}
