import type { BatchNormAttributes, Binary, BinaryAttributes } from '../../ops/index.js';
import { finish } from './activation.js';
import { axesIn, fileAxis, type Order } from './order.js';
import type { ExportScope } from './scope.js';

export function unary(scope: ExportScope): void {
  const order = scope.order();
  finish(scope, order, scope.read(0, order));
}

/** Comparisons give truth values in ONNX, and remainders whole numbers: they are left out. */
const binaries: Readonly<Partial<Record<Binary, string>>> = {
  add: 'Add',
  multiply: 'Mul',
  prelu: 'PRelu',
  subtract: 'Sub',
  divide: 'Div',
  minimum: 'Min',
  maximum: 'Max',
  power: 'Pow',
};

export function binary(scope: ExportScope): void {
  const { kind } = scope.node.attributes as unknown as BinaryAttributes;
  const op = binaries[kind] ?? scope.fail(`expected arithmetic, got ${kind}`);
  const order = scope.order();
  const operands = [0, 1].map((index) => operand(scope, index, order));
  finish(scope, order, scope.emit(op, operands));
}

/** Shapes broadcast in the file as in the graph, if all have as many axes. */
function operand(scope: ExportScope, index: number, order: Order): string {
  const { shape, perSample } = scope.input(index);
  const rank = scope.output.shape.length;
  const from = [...Array<number>(rank - shape.length).fill(1), ...shape];
  if (!perSample) return scope.weight(index, { from, axes: axesIn(order, rank) });
  if (shape.length !== rank) scope.fail(`expected inputs of ${rank} axes, got one of ${shape.length}`);
  return scope.read(index, order);
}

/** Two nodes, of which those that change nothing are left out. */
export function scale(scope: ExportScope): void {
  const order = scope.order();
  const factor = scope.input(1).data ?? scope.fail('expected constant factors');
  const shift = scope.input(2).data ?? scope.fail('expected constant terms');
  finish(scope, order, scaled(scope, order, factor, shift));
}

function scaled(
  scope: ExportScope,
  order: Order,
  factor: ArrayLike<number>,
  shift: ArrayLike<number>,
): string {
  const rank = scope.output.shape.length;
  // The channels are the last axis of the sample, and whatever comes after them in the file has length 1.
  const after = rank - fileAxis(rank - 1, order, rank);
  const vector = (numbers: ArrayLike<number>) =>
    scope.floats([numbers.length, ...Array<number>(after).fill(1)], Array.from(numbers));
  const differs = (numbers: ArrayLike<number>, neutral: number) =>
    Array.from(numbers).some((number) => number !== neutral);
  let x = scope.read(0, order);
  if (differs(factor, 1)) x = scope.emit('Mul', [x, vector(factor)]);
  if (differs(shift, 0)) x = scope.emit('Add', [x, vector(shift)]);
  return x;
}

/** BatchNormalization has its channels behind the batch; where a sample is neither an image nor a vector, two nodes. */
export function batchnorm(scope: ExportScope): void {
  const { epsilon } = scope.node.attributes as unknown as BatchNormAttributes;
  const rank = scope.output.shape.length;
  if (rank === 3 || rank === 1) {
    const [mean, variance, gamma, beta] = [1, 2, 3, 4].map((index) => scope.weight(index)) as [
      string,
      string,
      string,
      string,
    ];
    const inputs = [scope.read(0, 'first'), gamma, beta, mean, variance];
    finish(scope, 'first', scope.emit('BatchNormalization', inputs, { epsilon: { float: epsilon } }));
    return;
  }
  const [mean, variance, gamma, beta] = [1, 2, 3, 4].map(
    (index) => scope.input(index).data ?? scope.fail('expected constant statistics'),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const factor = gamma.map((g, i) => g / Math.sqrt((variance[i] as number) + epsilon));
  const shift = beta.map((b, i) => b - (mean[i] as number) * (factor[i] as number));
  finish(scope, 'last', scaled(scope, 'last', factor, shift));
}
