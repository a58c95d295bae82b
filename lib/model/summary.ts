import { showShape } from '../tensor.js';
import type { Network } from './network.js';

/** A table of layers, output shapes (n is the batch), parameters and multiply-adds per sample, with totals. */
export function summary({ inputs, layers, applications, weights }: Network): string {
  const shapes = new Map<number, string>();
  const costs = new Map<number, number>();
  for (const { layer, outputShape, cost } of applications) {
    if (!shapes.has(layer)) shapes.set(layer, showShape(['n', ...outputShape]));
    costs.set(layer, (costs.get(layer) ?? 0) + cost);
  }
  const rows = [
    ['layer', 'output shape', 'parameters', 'MACs'],
    ...inputs.map(({ name, shape }) => [`${name} (input)`, showShape(['n', ...shape]), '0', '0']),
    ...layers.map(({ name, layer, weights: own }, i) => [
      `${name} (${layer.type})`,
      shapes.get(i) as string,
      count(total(own)),
      count(costs.get(i) ?? 0),
    ]),
  ];
  const cost = [...costs.values()].reduce((sum, item) => sum + item, 0);
  const trainable = total(weights.filter((weight) => weight.trainable !== false));
  rows.push(['total', '', count(total(weights)), count(cost)]);

  const widths = [0, 1, 2, 3].map((column) =>
    rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  const rule = '-'.repeat(lines[0]?.length ?? 0);
  const note = `${count(trainable)} parameters are trainable; MACs are multiply-adds for one sample`;
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1), note].join('\n');
}

function total(weights: readonly { readonly size: number }[]): number {
  return weights.reduce((sum, { size }) => sum + size, 0);
}

/** 1234567 -> 1,234,567 whatever the locale. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
