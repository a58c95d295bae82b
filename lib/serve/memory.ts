import { BudgetError, ClosedError } from './errors.js';

/** A part of the memory that is in use, for one purpose. */
export interface Share {
  readonly bytes: number;
  /** Takes more, before it is allocated. Throws a BudgetError where that would go over the budget. */
  grow(bytes: number): void;
  shrink(bytes: number): void;
  /** Gives all back; once it did, nothing can be taken any more. */
  release(): void;
}

/** What is counted of the memory of a server: weights that are packed, bodies, pictures and inputs that wait. */
export interface Memory {
  /** Undefined where nothing limits it. */
  readonly budget: number | undefined;
  readonly used: number;
  /** Takes `bytes` for what `who` names. Throws a BudgetError where that would go over the budget. */
  take(who: string, bytes: number): Share;
}

/** Counts the memory that is in use; `budget` in bytes. */
export function memory(budget: number | undefined): Memory {
  let used = 0;
  const add = (who: string, bytes: number): void => {
    if (budget !== undefined && used + bytes > budget) {
      throw new BudgetError(
        `${who}: ${bytes} bytes more would go over the memory budget of ${budget} bytes, of which ${used} are in use; send it again later`,
      );
    }
    used += bytes;
  };
  return Object.freeze({
    budget,
    get used() {
      return used;
    },
    take(who: string, bytes: number): Share {
      add(who, bytes);
      let held = bytes;
      let released = false;
      return {
        get bytes() {
          return held;
        },
        grow(more) {
          if (released) throw new ClosedError(`${who}: it is over`);
          add(who, more);
          held += more;
        },
        shrink(less) {
          if (released) return;
          used -= less;
          held -= less;
        },
        release() {
          used -= held;
          held = 0;
          released = true;
        },
      };
    },
  });
}

const units = new Map([
  ['', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
]);

/** Bytes as people write them: `1000000`, `512M`, `1.5G`, in powers of 1024. Undefined for any other text. */
export function bytesOfText(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(count) * (units.get(unit.toUpperCase()) as number));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** The rule for texts, for errors. */
export const bytesRule = 'a number of bytes above 0, as 1000000, 512M or 1.5G';
