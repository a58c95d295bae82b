import { constants } from 'node:os';
import type { Classifier } from '../images/classifier.js';
import { files } from '../jobs/files.js';
import { classifyPictures } from '../jobs/pictures.js';
import { openResults, type Results } from '../jobs/results.js';
import { fingerprint } from '../model/fingerprint.js';
import { engineLine } from './model-file.js';
import { duration, perSecond, progress } from './progress.js';
import { onFirstSignal } from './signals.js';
import { colours, printable, problemOf } from './terminal.js';

export interface JobOptions {
  readonly patterns: readonly string[];
  readonly total: number;
  readonly top: number;
  readonly out: string;
  readonly batch: number;
  readonly resume: boolean;
  readonly force: boolean;
}

/** Off a terminal a line tells of the progress this often, in milliseconds. */
const linesEvery = 5000;
/** Lines are on their way to the file after this, in milliseconds, however slow the network is. */
const writeEvery = 1000;

/** Writes what each picture shows to a file, in the order of the pictures. */
export async function predictJob(classifier: Classifier, options: JobOptions): Promise<number> {
  const { patterns, out, top, resume, force } = options;
  const names = files(patterns);
  const job = { model: await fingerprint(classifier.model), top };
  const results = await openResults(out, { job, resume, force, files: names });
  const interruption = interruptions();
  try {
    return await work(classifier, names, results, interruption, options);
  } finally {
    interruption.ignore();
    await results.close();
  }
}

async function work(
  classifier: Classifier,
  names: AsyncIterable<string>,
  results: Results,
  { signal, name }: Interruption,
  { total, top, batch, out }: JobOptions,
): Promise<number> {
  let { done, failed } = results;
  const status = progress(total, { before: done, linesEvery });
  const start = performance.now();
  let lines: object[] = [];
  let written = start;
  const write = async () => {
    await results.append(lines);
    [lines, written] = [[], performance.now()];
  };
  for await (const answer of classifyPictures(classifier, names, { top, batch, ahead: 2 * batch, signal })) {
    const { file } = answer;
    if ('error' in answer) {
      failed++;
      const error = problemOf(answer.error);
      status.clear();
      console.error(`neocog: ${printable(`${file}: ${error}`)}`);
      lines.push({ file, error });
    } else lines.push({ file, top: answer.top });
    status.draw(++done);
    if (lines.length >= batch || performance.now() - written > writeEvery) await write();
  }
  await write();
  status.clear();

  if (name() !== undefined && done < total) {
    console.error(
      `neocog: interrupted after ${done} of ${total} pictures; the same command with --resume continues`,
    );
    return 128 + constants.signals[name() as NodeJS.Signals];
  }
  const now = done - results.done;
  const seconds = (performance.now() - start) / 1000;
  const what = `${done} pictures${failed > 0 ? `, ${failed} of them failed` : ''}`;
  const speed = now > 0 ? `, ${now} of them now in ${duration(seconds)}, ${perSecond(now / seconds)}` : '';
  const line = `${what}${speed}, ${engineLine(classifier.model.backend)} -> ${out}`;
  console.log(colours(process.stdout)('gray', printable(line)));
  return failed > 0 ? 1 : 0;
}

interface Interruption {
  readonly signal: AbortSignal;
  /** The signal that came; undefined while none has. */
  name(): NodeJS.Signals | undefined;
  ignore(): void;
}

/** The first SIGINT or SIGTERM aborts; a second one ends the process as if nobody listened. */
function interruptions(): Interruption {
  const controller = new AbortController();
  let name: NodeJS.Signals | undefined;
  const ignore = onFirstSignal((came) => {
    name = came;
    controller.abort();
    console.error('neocog: finishing the pictures in hand');
  });
  return { signal: controller.signal, name: () => name, ignore };
}
