import { bar } from './terminal.js';

/** Says how far the work is. */
export interface Progress {
  /** Call before other output and `draw` after it. */
  clear(): void;
  draw(done: number): void;
}

export interface ProgressOptions {
  /** Pieces that were done before: they count in the bar, not in the rate. */
  readonly before?: number;
  /** Off a terminal: milliseconds from one line to the next; none are written without it. */
  readonly linesEvery?: number;
  readonly stream?: NodeJS.WriteStream;
  /** Milliseconds. */
  readonly now?: () => number;
}

const fewest = 20;
/** A bar is drawn anew after this, in milliseconds: often enough for the eye. */
const barEvery = 80;

/**
 * The progress of `total` pieces of work on standard error, with their rate and the time that is left: a bar at the
 * bottom of a terminal, silent for little work; lines elsewhere, where they are asked for.
 */
export function progress(total: number, options: ProgressOptions = {}): Progress {
  const { before = 0, linesEvery, stream = process.stderr, now = () => performance.now() } = options;
  const terminal = stream.isTTY === true;
  const every = terminal ? barEvery : linesEvery;
  if (every === undefined || (terminal && total < fewest)) return { clear() {}, draw() {} };
  const start = now();
  let last = terminal ? start - every : start;
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  return {
    clear,
    draw(done) {
      const time = now();
      const ended = done === total;
      if (time - last < every && !ended) return;
      clear();
      last = time;
      if (ended) return;
      const text = `${done}/${total}${speed(done - before, total - done, time - start)}`;
      stream.write(terminal ? `${bar(done / total, 30)} ${text}` : `neocog: ${text}\n`);
      drawn = terminal;
    },
  };
}

/** `, 87.3/s, 2 min 5 s left`; nothing while nothing is known. */
function speed(done: number, left: number, ms: number): string {
  if (done <= 0 || ms <= 0) return '';
  const rate = (1000 * done) / ms;
  return `, ${perSecond(rate)}, ${duration(left / rate)} left`;
}

/** `1234/s`, `87.3/s` */
export function perSecond(rate: number): string {
  return `${rate.toFixed(rate < 100 ? 1 : 0)}/s`;
}

/** `45 s`, `2 min 5 s`, `3 h 20 min` */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${whole} s`;
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
