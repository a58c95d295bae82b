import type { MatmulAttributes, ReduceAttributes, SoftmaxAttributes } from '../../ops/index.js';
import { finish } from './activation.js';
import { fileAxis } from './order.js';
import type { ExportScope } from './scope.js';

/** Rows times a constant matrix; the bias is one with it where a sample is a vector. */
export function matmul(scope: ExportScope): void {
  const { transposeA, transposeB } = scope.node.attributes as MatmulAttributes;
  if (transposeA || transposeB || scope.input(1).shape.length !== 2) {
    scope.fail('expected rows times one constant matrix');
  }
  const [x, kernel] = [scope.read(0, 'last'), scope.weight(1)];
  const bias = scope.node.inputs.length > 2 ? [scope.weight(2)] : [];
  if (scope.input(0).shape.length === 1) {
    finish(scope, 'last', scope.emit('Gemm', [x, kernel, ...bias]));
    return;
  }
  const product = scope.emit('MatMul', [x, kernel]);
  finish(scope, 'last', bias.length > 0 ? scope.emit('Add', [product, ...bias]) : product);
}

const poolings: ReadonlyMap<string, string> = new Map([
  ['mean', 'GlobalAveragePool'],
  ['max', 'GlobalMaxPool'],
]);

/** The global poolings. */
export function reduce(scope: ExportScope): void {
  const { kind, axes, keepDims = false } = scope.node.attributes as unknown as ReduceAttributes;
  const whole = scope.input(0).shape.length === 3 && axes.length === 2 && !axes.includes(2);
  const op = whole ? poolings.get(kind) : undefined;
  const pooled = scope.emit(
    op ?? scope.fail(`expected a mean or maximum over an image, got ${kind} over axes ${axes.join(', ')}`),
    [scope.read(0, 'first')],
  );
  scope.give('first', keepDims ? pooled : scope.emit('Flatten', [pooled], { axis: 1 }));
}

export function softmax(scope: ExportScope): void {
  const { axis, log } = scope.node.attributes as unknown as SoftmaxAttributes;
  const order = scope.order();
  const file = fileAxis(axis, order, scope.output.shape.length);
  scope.give(order, scope.emit(log ? 'LogSoftmax' : 'Softmax', [scope.read(0, order)], { axis: file }));
}
