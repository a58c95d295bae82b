import type { Classifier } from '../images/classifier.js';
import { files } from '../jobs/files.js';
import { classifyPictures } from '../jobs/pictures.js';
import { describe, widthsFor } from './guesses.js';
import { engineLine } from './model-file.js';
import { progress } from './progress.js';
import { colours, columnsOf, printable, problemOf } from './terminal.js';

/** Models of so many classes show one of them: the others hardly matter. */
export const few = 10;

export interface ShownOptions {
  readonly patterns: readonly string[];
  readonly total: number;
  readonly top: number | undefined;
  readonly json: boolean;
}

/** The first runs also pack the weights, wake the threads and compile JavaScript: no picture's time should hold that. */
function warmUp({ model, image: { shape, input } }: Classifier): void {
  const [h, w, c] = shape;
  const blank = input(new Float32Array(h * w * c));
  const end = performance.now() + 30;
  do model.predictSync(blank);
  while (performance.now() < end);
}

/** Prints what each picture shows, one after the other so that the times are those of the network alone. */
export async function showPredictions(classifier: Classifier, options: ShownOptions): Promise<number> {
  const { model, image, labels } = classifier;
  const { patterns, total, json } = options;
  const top = options.top ?? (json || (image.classes ?? Infinity) > few ? 5 : 1);
  warmUp(classifier);

  const names = labels.length > 0 ? labels : [String((image.classes ?? 1000) - 1)];
  const all: string[] = [];
  for await (const file of files(patterns)) all.push(file);
  const widths = widthsFor(columnsOf(process.stdout), all, names);
  const status = progress(total);
  let [done, failed, time] = [0, 0, 0];
  for await (const answer of classifyPictures(classifier, all, { top, batch: 1, ahead: 0 })) {
    status.clear();
    const { file } = answer;
    if ('error' in answer) {
      failed++;
      const message = problemOf(answer.error);
      console.error(`neocog: ${printable(`${file}: ${message}`)}`);
      if (json) console.log(JSON.stringify({ file, error: message }));
    } else {
      time += answer.ms;
      console.log(json ? JSON.stringify(answer) : describe(file, answer.top, widths, answer.ms));
    }
    status.draw(++done);
  }
  if (!json) {
    const good = done - failed;
    const mean = good > 0 ? `, ${(time / good).toFixed(3)} ms each` : '';
    const what = good === 1 ? '1 picture' : `${good} pictures`;
    const guessed = model.preprocessing === undefined ? '; pixels as 0..1 (--preset says otherwise)' : '';
    console.log(colours(process.stdout)('gray', `${what}${mean}, ${engineLine(model.backend)}${guessed}`));
  }
  return failed > 0 ? 1 : 0;
}
