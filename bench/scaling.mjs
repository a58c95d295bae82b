// How time grows with the batch, the size of the image and the number of threads.
import { zoo } from '../dist/index.js';
import { duel, here } from './measure.mjs';
import { noisy } from './models.mjs';
import { table } from './report.mjs';

export const title = 'Growth with batch, image size and threads';

const growing = ['resnet18', 'mobilenetV2'];
const threaded = ['mobilenetV2', 'googlenet', 'resnet18', 'resnet50', 'densenet121', 'vgg16'];
const batches = [1, 2, 4, 8, 16, 32, 64];
const sizes = [128, 192, 256, 384, 512];

/** Milliseconds of each call, [{ model, batch }] in turn: minima, since the clock of a machine swings. */
async function times(calls, rounds, milliseconds) {
  const contestants = calls.map(({ model, batch }, i) => {
    const x = noisy([batch, ...model.inputs[0].shape], 7);
    const out = model.predictSync(x);
    return here(`${i}`, () => model.predictSync(x, { out }));
  });
  const measured = await duel(contestants, { rounds, milliseconds });
  return measured.map(({ min }) => min);
}

/** The steepest step: how much faster than the work the time grows from one column to the next. */
function steepest(perUnit) {
  return Math.max(...perUnit.slice(1).map((time, i) => time / perUnit[i]));
}

/** A row of the two tables of growth; `units` is the work of each column. */
function row(name, threads, units, measured) {
  const perUnit = measured.map((time, i) => time / units[i]);
  return [name, `${threads}`, ...perUnit, steepest(perUnit)];
}

async function growth(name, threads, isa, round) {
  const batched = zoo[name]({ seed: 1, threads, isa });
  const byBatch = await times(
    batches.map((batch) => ({ model: batched, batch })),
    3,
    round,
  );
  batched[Symbol.dispose]();
  const models = sizes.map((size) => zoo[name]({ seed: 1, threads, isa, inputShape: [size, size, 3] }));
  const bySize = await times(
    models.map((model) => ({ model, batch: 1 })),
    3,
    round,
  );
  for (const model of models) model[Symbol.dispose]();
  return {
    byBatch: row(name, threads, batches, byBatch),
    bySize: row(
      name,
      threads,
      sizes.map((size) => (size / 224) ** 2),
      bySize,
    ),
  };
}

async function speedup(name, isa, round) {
  const models = [1, 2].map((threads) => zoo[name]({ seed: 1, threads, isa }));
  const [one, two] = await times(
    models.map((model) => ({ model, batch: 1 })),
    5,
    round,
  );
  for (const model of models) model[Symbol.dispose]();
  return [name, one, two, one / two];
}

/** `nets` chooses among the rows, `threads` among those of the two tables of growth; `seconds` is the length of a turn: 0.1. */
export async function run({ nets, threads, isa, seconds = 0.1 } = {}) {
  const milliseconds = 1000 * seconds;
  const [byBatch, bySize] = [[], []];
  for (const name of nets ?? growing) {
    for (const count of threads ? [threads] : [1, 2]) {
      const rows = await growth(name, count, isa, milliseconds);
      byBatch.push(rows.byBatch);
      bySize.push(rows.bySize);
    }
  }
  const speedups = [];
  for (const name of nets ?? threaded) speedups.push(await speedup(name, isa, milliseconds));
  return [
    'Milliseconds per image of 224x224 by batch; the last column is the steepest step, where 1 is linear.',
    table(['net', 'threads', ...batches.map(String), 'steepest'], byBatch),
    'Milliseconds per 224x224 pixels, batch 1, by the side of the image.',
    table(['net', 'threads', ...sizes.map(String), 'steepest'], bySize),
    'Two threads, batch 1, milliseconds.',
    table(['net', 'one thread', 'two threads', 'ratio'], speedups),
  ].join('\n\n');
}
