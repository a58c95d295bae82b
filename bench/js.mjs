// The pure TypeScript engine beside tfjs' pure JavaScript backend (cpu), one thread each.
import { layers, sequential, tensor, zoo } from '../dist/index.js';
import { duel, here, relativeL2 } from './measure.mjs';
import { fill, lenet, mobilenetV1, noisy } from './models.mjs';
import { table } from './report.mjs';
import * as tfjs from './tfjs-nets.mjs';

export const title = 'Pure TypeScript: the js backend and tfjs cpu';

const js = { backend: 'js' };

function pair(net, x, rival) {
  const { shape } = net.predictSync(x);
  const out = tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  return { ours: () => net.predictSync(x, { out }).data, theirs: rival };
}

function convolution() {
  const inputShape = [56, 56, 64];
  const conv = layers.conv2d({ inputShape, filters: 64, kernelSize: 3, padding: 'same', useBias: false });
  const net = sequential({ ...js, layers: [conv] });
  const [kernel] = fill(net);
  const x = noisy([1, ...inputShape], 7);
  return pair(net, x, tfjs.convolution(x, kernel));
}

function network(ours, theirs, shape) {
  const net = ours(js);
  const weights = fill(net);
  const x = noisy(shape, 7);
  return pair(net, x, tfjs.predictor(theirs(weights, [...net.weights.keys()]), x));
}

const cases = [
  { name: 'conv 3x3 64->64 56x56', make: convolution, flops: 2 * 9 * 64 * 64 * 56 * 56, rounds: 4 },
  {
    name: 'LeNet-5, batch 64',
    make: () => network(lenet, tfjs.lenet, [64, 28, 28, 1]),
    flops: 2 * 64 * 416520,
    rounds: 5,
  },
  {
    name: 'MobileNetV1, batch 1',
    make: () => network(mobilenetV1, tfjs.mobilenetV1, [1, 224, 224, 3]),
    flops: 2 * 568740352,
    rounds: 3,
  },
  {
    name: 'ResNet-18, batch 1',
    make: () => network(zoo.resnet18, tfjs.resnet18, [1, 224, 224, 3]),
    flops: 2 * 1814073344,
    rounds: 2,
  },
];

export async function run() {
  const rows = [];
  for (const { name, make, flops, rounds } of cases) {
    const { ours, theirs } = make();
    const distance = relativeL2(ours(), theirs()).toExponential(1);
    const results = await duel([here('neocog js', ours), here('tfjs cpu', theirs)], {
      rounds,
      milliseconds: 200,
    });
    for (const r of results) {
      rows.push([name, r.name, r.min, r.median, flops / r.min / 1e6, r.median / results[0].median, distance]);
    }
  }
  const columns = ['work', 'engine', 'min ms', 'median ms', 'best GFLOP/s', 'times neocog', 'relative L2'];
  return table(columns, rows);
}
