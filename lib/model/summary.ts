import { showShape, sizeOf } from '../tensor.js';
import type { Network } from './network.js';
import { grouped, type Row, table } from './table.js';

/** A table of layers, output shapes (n is the batch), parameters, multiply-adds and result bytes per sample, with totals. */
export function summary({ inputs, layers, applications, weights }: Network): string {
  const shapes = new Map<number, readonly number[]>();
  const costs = new Map<number, number>();
  for (const { layer, outputShape, cost } of applications) {
    if (!shapes.has(layer)) shapes.set(layer, outputShape);
    costs.set(layer, (costs.get(layer) ?? 0) + cost);
  }
  const rows = [
    ...inputs.map(
      ({ name, shape }): Row => ({
        name: `${name} (input)`,
        shape: showShape(['n', ...shape]),
        parameters: 0,
        macs: 0,
        bytes: 0,
      }),
    ),
    ...layers.map(({ name, layer, weights: own }, i): Row => {
      const shape = shapes.get(i) as readonly number[];
      return {
        name: `${name} (${layer.type})`,
        shape: showShape(['n', ...shape]),
        parameters: total(own),
        macs: costs.get(i) ?? 0,
        bytes: 4 * sizeOf(shape),
      };
    }),
  ];
  const trainable = total(weights.filter((weight) => weight.trainable !== false));
  const note = `${grouped(trainable)} parameters are trainable; MACs are multiply-adds, bytes those of the results, for one sample`;
  return table(rows, note);
}

function total(weights: readonly { readonly size: number }[]): number {
  return weights.reduce((sum, { size }) => sum + size, 0);
}
