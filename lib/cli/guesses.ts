import type { Guess } from '../images/guesses.js';
import { bar, colours, column, printable } from './terminal.js';

/** The widths of a line's columns. */
export interface Widths {
  readonly file: number;
  readonly label: number;
  readonly bar: number;
}

/** The widest that names of files and of classes get, and a bar where there is room for it. */
const [widestFile, widestLabel, wideBar, narrowBar] = [40, 40, 20, 8];
/** `100.00 %`, ` 12.345 ms` and the gaps between columns. */
const figures = 25;

/** Divides a line of `columns` characters between the columns for these names. */
export function widthsFor(columns: number, files: readonly string[], labels: readonly string[]): Widths {
  const longest = (names: readonly string[]) =>
    names.reduce((most, name) => Math.max(most, printable(name).length), 1);
  const wanted = {
    file: Math.min(longest(files), widestFile),
    label: Math.min(longest(labels), widestLabel),
  };
  const needed = wanted.file + wanted.label + figures;
  const barWidth = Math.min(Math.max(columns - needed, narrowBar), wideBar);
  const room = Math.max(columns - figures - barWidth, 12);
  const label = Math.min(wanted.label, Math.max(room - wanted.file, Math.ceil(room * 0.6)));
  return { file: Math.min(wanted.file, room - label), label, bar: barWidth };
}

/** The lines of one picture: its name, the guesses with their bars, the time. */
export function describe(file: string, guesses: readonly Guess[], widths: Widths, ms: number): string {
  const paint = colours(process.stdout);
  return guesses
    .map(({ label, probability }, i) => {
      const colour = probability >= 0.9 ? 'green' : probability >= 0.5 ? 'yellow' : 'red';
      const percent = `${(100 * probability).toFixed(2)} %`.padStart(8);
      const shown = paint('bold', column(printable(label), widths.label));
      const head = i === 0 ? column(printable(file), widths.file, 'end') : ' '.repeat(widths.file);
      const tail = i === 0 ? paint('gray', `${ms.toFixed(ms < 10 ? 3 : 1).padStart(8)} ms`) : '';
      return `${head}  ${shown}  ${paint(colour, bar(probability, widths.bar))} ${percent} ${tail}`.trimEnd();
    })
    .join('\n');
}
