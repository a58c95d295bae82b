import type { ConcatAttributes, CopyAttributes, ReshapeAttributes } from '../../ops/index.js';
import { sameShape, sizeOf } from '../../tensor.js';
import { fileAxis, ordered } from './order.js';
import type { ExportScope } from './scope.js';

type Kind<K extends CopyAttributes['kind']> = Extract<CopyAttributes, { readonly kind: K }>;

export function copy(scope: ExportScope): void {
  const attributes = scope.node.attributes as unknown as CopyAttributes;
  if (attributes.kind === 'permute') permute(scope, attributes);
  else if (attributes.kind === 'pad') pad(scope, attributes);
  else if (attributes.kind === 'slice') slice(scope, attributes);
  else if (attributes.kind === 'upsample') upsample(scope, attributes);
  else scope.fail(`expected a movement that layers make, got ${attributes.kind}`);
}

/** From whatever order is there, straight to the one that is wanted. */
function permute(scope: ExportScope, { axes }: Kind<'permute'>): void {
  const order = scope.order();
  const perm = [0, ...axes.map((axis) => fileAxis(axis, order, axes.length))];
  const x = scope.read(0, order);
  scope.give('last', perm.some((axis, i) => axis !== i) ? scope.emit('Transpose', [x], { perm }) : x);
}

function pad(scope: ExportScope, { pads, value }: Kind<'pad'>): void {
  const order = scope.order();
  const sides = ordered(pads, order);
  const amounts = [0, ...sides.map(([before]) => before), 0, ...sides.map(([, after]) => after)];
  const inputs = [scope.read(0, order), scope.wholes(amounts), scope.floats([], [value])];
  scope.give(order, scope.emit('Pad', inputs, { mode: 'constant' }));
}

function slice(scope: ExportScope, { begin, size, step }: Kind<'slice'>): void {
  if (step?.some((stride) => stride !== 1)) scope.fail('expected a slice without steps');
  const order = scope.order();
  const { shape } = scope.input(0);
  const cut = [...shape.keys()].filter((axis) => size[axis] !== shape[axis]);
  if (cut.length === 0) {
    scope.pass();
    return;
  }
  const wholes = (of: (axis: number) => number) => scope.wholes(cut.map(of));
  const inputs = [
    scope.read(0, order),
    wholes((axis) => begin[axis] as number),
    wholes((axis) => (begin[axis] as number) + (size[axis] as number)),
    wholes((axis) => fileAxis(axis, order, shape.length)),
  ];
  scope.give(order, scope.emit('Slice', inputs));
}

/** Nearest neighbours: pixel i of the output is pixel floor(i / size) of the input. */
function upsample(scope: ExportScope, { size }: Kind<'upsample'>): void {
  const inputs = [scope.read(0, 'first'), '', scope.floats([4], [1, 1, ...size])];
  const attributes = {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  };
  scope.give('first', scope.emit('Resize', inputs, attributes));
}

export function concat(scope: ExportScope): void {
  const { axis } = scope.node.attributes as unknown as ConcatAttributes;
  const order = scope.order();
  const inputs = scope.node.inputs.map((_, index) => scope.read(index, order));
  const file = fileAxis(axis, order, scope.output.shape.length);
  scope.give(order, scope.emit('Concat', inputs, { axis: file }));
}

/** The 0 in ONNX's shape keeps the batch, whatever it is. Of [1, 1, c] both orders have the same memory. */
export function reshape(scope: ExportScope): void {
  const { shape } = scope.node.attributes as unknown as ReshapeAttributes;
  const from = scope.input(0).shape;
  if (sameShape(shape, from)) {
    scope.pass();
    return;
  }
  const single = (lengths: readonly number[]) => lengths.length === 3 && lengths[2] === sizeOf(lengths);
  const x = scope.read(0, single(from) ? scope.order() : 'last');
  const order = single(shape) ? 'first' : 'last';
  scope.give(order, scope.emit('Reshape', [x, scope.wholes([0, ...ordered(shape, order)])]));
}
