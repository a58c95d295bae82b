// The classic networks, from the same ONNX file in neocog and in onnxruntime-node.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { loadOnnx, saveOnnx, tensor, zoo } from '../dist/index.js';
import { duel, here, relativeL2 } from './measure.mjs';
import { noise } from './models.mjs';
import { table } from './report.mjs';

export const title = 'Networks from one ONNX file: neocog and onnxruntime-node in turn';

const suite = ['lenet5', 'squeezenet', 'mobilenetV1', 'mobilenetV2', 'resnet18', 'resnet50', 'vgg16'];
const settings = [
  { threads: 2, batch: 1 },
  { threads: 1, batch: 1 },
  { threads: 2, batch: 8 },
];

/** Both engines with the network of `path`, as contestants, and how far apart their answers are. */
async function pair(path, { threads, batch, isa }) {
  const ours = await loadOnnx(path, { threads, isa });
  const theirs = await ort.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const [input] = ours.inputs;
  const shape = [batch, ...input.shape.slice(1)];
  const data = noise(
    shape.reduce((a, b) => a * b, 1),
    7,
  );
  const x = tensor(data, shape);
  const feeds = { [input.name]: new ort.Tensor('float32', data, shape) };
  const y = ours.predictSync(x);
  const answer = Object.values(await theirs.run(feeds))[0];
  const out = tensor(new Float32Array(y.data.length), y.shape);
  return {
    distance: relativeL2(y.data, answer.data),
    contestants: [
      here('neocog', () => ours.predictSync(x, { out })),
      here('onnxruntime-node', () => theirs.run(feeds)),
    ],
    async close() {
      await theirs.release();
      ours[Symbol.dispose]();
    },
  };
}

const mean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** `nets`, `threads` and `batch` choose among the rows, `seconds` is the time of each engine in each row. */
export async function run({ nets, threads, batch, isa, seconds = 5 } = {}) {
  const rows = [];
  const chosen = settings.filter(
    (one) => (threads ?? one.threads) === one.threads && (batch ?? one.batch) === one.batch,
  );
  const folder = mkdtempSync(join(tmpdir(), 'neocog-nets-'));
  try {
    for (const name of nets ?? suite) {
      const path = join(folder, 'net.onnx');
      const net = zoo[name]({ seed: 1 });
      await saveOnnx(net, path, { layout: 'nchw' });
      net[Symbol.dispose]();
      for (const setting of chosen) {
        const { distance, contestants, close } = await pair(path, { ...setting, isa });
        // Long turns and a rest between them: the rival's threads spin for a while after a run.
        const rounds = Math.max(2, Math.round(seconds));
        const [ours, theirs] = await duel(contestants, {
          rounds,
          milliseconds: (1000 * seconds) / rounds,
          pause: setting.threads > 1 ? 150 : 0,
        });
        await close();
        rows.push([
          name,
          `${setting.threads}`,
          `${setting.batch}`,
          ours.min,
          ours.median,
          theirs.min,
          theirs.median,
          theirs.min / ours.min,
          theirs.median / ours.median,
          distance.toExponential(1),
        ]);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const means = chosen.map(({ threads, batch }) => {
    const ratios = rows
      .filter(([name, t, b]) => name !== 'lenet5' && t === `${threads}` && b === `${batch}`)
      .map((row) => row[8]);
    return `threads ${threads}, batch ${batch}: ${mean(ratios).toFixed(2)}`;
  });
  const columns = [
    'net',
    'threads',
    'batch',
    'min ms',
    'median ms',
    'ORT min',
    'ORT median',
    'ratio of mins',
  ];
  const all = table([...columns, 'ratio of medians', 'relative L2'], rows);
  if (rows.every(([name]) => name === 'lenet5')) return all;
  return `${all}\n\nGeometric mean of the ratios of medians without LeNet: ${means.join('; ')}.`;
}
