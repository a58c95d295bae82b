// Share of the FMA peak that the kernels reach on one thread, per instruction set.
import { layers, sequential, tensor } from '../dist/index.js';
import { addon, isas } from './engine.mjs';
import { duel, here } from './measure.mjs';
import { noisy } from './models.mjs';
import { table } from './report.mjs';

export const title = 'Kernels: share of the FMA peak, one thread';

const cases = [
  {
    name: 'GEMM 256x256x256, packed weights',
    inputShape: [256],
    batch: 256,
    layer: (inputShape) => layers.dense({ inputShape, units: 256, useBias: false }),
    flops: 2 * 256 ** 3,
  },
  {
    name: 'conv 3x3 64->64 56x56',
    inputShape: [56, 56, 64],
    batch: 1,
    layer: (inputShape) =>
      layers.conv2d({ inputShape, filters: 64, kernelSize: 3, padding: 'same', useBias: false }),
    flops: 2 * 9 * 64 * 64 * 56 * 56,
  },
  {
    name: 'conv 1x1 256->256 14x14',
    inputShape: [14, 14, 256],
    batch: 1,
    layer: (inputShape) => layers.conv2d({ inputShape, filters: 256, kernelSize: 1, useBias: false }),
    flops: 2 * 256 * 256 * 14 * 14,
  },
];

/** A call that runs one layer into a given output. */
function layerCall({ inputShape, batch, layer }, isa) {
  const net = sequential({ backend: 'native', isa, threads: 1, exact: true, layers: [layer(inputShape)] });
  const x = noisy([batch, ...inputShape], 1);
  const { shape } = net.predictSync(x);
  const out = tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  return () => net.predictSync(x, { out });
}

export async function run() {
  const rows = [];
  for (const isa of isas()) {
    // The probe answers in GFLOP/s; as a contestant it is the time of one GFLOP.
    const peak = { name: 'peak', burst: (ms) => [1000 / addon().peak(isa, ms)], close() {} };
    const contestants = [peak, ...cases.map((one) => here(one.name, layerCall(one, isa)))];
    const [best, ...kernels] = await duel(contestants, { rounds: 5, milliseconds: 40 });
    const peakRate = 1000 / best.min;
    rows.push([isa, 'peak (register-only FMA)', peakRate, 1000 / best.median, '']);
    for (const [i, { name, min, median }] of kernels.entries()) {
      const rate = (ms) => cases[i].flops / ms / 1e6;
      rows.push([isa, name, rate(min), rate(median), `${((100 * rate(min)) / peakRate).toFixed(1)} %`]);
    }
  }
  if (rows.length === 0) return 'left out: the native addon is absent';
  return table(['ISA', 'kernel', 'best GFLOP/s', 'median GFLOP/s', 'best / peak'], rows);
}
