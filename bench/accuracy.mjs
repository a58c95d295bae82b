// How far the answers of the engines are from float64, network by network.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveOnnx, tensor, zoo } from '../dist/index.js';
import { relativeL2 } from './measure.mjs';
import { noise, noisy } from './models.mjs';
import { readGraph } from './onnx-file.mjs';
import { reference } from './reference.mjs';
import { table } from './report.mjs';

export const title = 'Accuracy: relative L2 to float64';

const suite = [
  'lenet5',
  'squeezenet',
  'mobilenetV1',
  'mobilenetV2',
  'resnet18',
  'resnet50',
  'vgg16',
  'googlenet',
  'densenet121',
  'shufflenetV2',
  'efficientnetB0',
  'mobilenetV3Large',
];
const ways = [
  { name: 'native', options: {}, bound: 2e-5 },
  { name: 'native, exact', options: { exact: true }, bound: 1e-5 },
  { name: 'js', options: { backend: 'js' }, bound: 2e-5 },
];

/** Seeded kernels; statistics and factors of batch normalisation that are not all 0 and 1. */
function varied(net) {
  const names = [...net.weights.keys()];
  net.setWeights(
    net.getWeights().map((weight, i) => {
      const kind = names[i].slice(names[i].lastIndexOf('/') + 1);
      const middle = { gamma: 1, movingVariance: 1, beta: 0, movingMean: 0 }[kind];
      if (middle === undefined) return weight;
      return tensor(
        noise(weight.data.length, i + 1).map((v) => middle + 0.2 * v),
        weight.shape,
      );
    }),
  );
}

/** `nets` chooses among the rows; `isa` is that of the native engine. */
export async function run({ nets, isa } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-accuracy-'));
  const rows = [];
  let failed = 0;
  try {
    for (const name of nets ?? suite) {
      const path = join(folder, 'net.onnx');
      const net = zoo[name]({ seed: 1, backend: 'js' });
      varied(net);
      await saveOnnx(net, path);
      const x = noisy([1, ...net.inputs[0].shape], 7);
      const wanted = reference(readGraph(readFileSync(path)), x.shape, x.data);
      const distances = ways.map(({ options }) => {
        const other = zoo[name]({ seed: 1, ...(options.backend ? {} : { isa }), ...options });
        other.setWeights(net.getWeights());
        const distance = relativeL2(other.predictSync(x).data, wanted);
        other[Symbol.dispose]();
        return distance;
      });
      net[Symbol.dispose]();
      const far = ways.filter(({ bound }, i) => !(distances[i] <= bound)).map((way) => way.name);
      failed += far.length;
      rows.push([name, ...distances.map((distance) => distance.toExponential(1)), far.join('; ') || 'none']);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (failed > 0) process.exitCode = 1;
  const bounds = ways.map(({ name, bound }) => `${name} ${bound.toExponential(0)}`);
  return `${table(['net', ...ways.map((way) => way.name), 'beyond the bound'], rows)}\n\nBounds: ${bounds.join(', ')}.`;
}
