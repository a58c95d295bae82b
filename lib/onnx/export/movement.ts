import type { ConcatAttributes, CopyAttributes, ReshapeAttributes } from '../../ops/index.js';
import { sameShape, sizeOf } from '../../tensor.js';
import { fileAxis, ordered } from './order.js';
import type { ExportScope } from './scope.js';

type Kind<K extends CopyAttributes['kind']> = Extract<CopyAttributes, { readonly kind: K }>;

export function copy(scope: ExportScope): void {
  const attributes = scope.node.attributes as unknown as CopyAttributes;
  switch (attributes.kind) {
    case 'permute':
      return permute(scope, attributes);
    case 'pad':
      return pad(scope, attributes);
    case 'slice':
      return slice(scope, attributes);
    case 'upsample':
      return upsample(scope, attributes);
    default:
      return scope.fail(`expected a movement that layers make, got ${(attributes as CopyAttributes).kind}`);
  }
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

function slice(scope: ExportScope, { begin, size }: Kind<'slice'>): void {
  const order = scope.order();
  const { shape } = scope.input(0);
  const cut = [...shape.keys()].filter((axis) => size[axis] !== shape[axis]);
  if (cut.length === 0) return scope.pass();
  const wholes = (of: (axis: number) => number) => scope.wholes(cut.map(of));
  const inputs = [
    scope.read(0, order),
    wholes((axis) => begin[axis] as number),
    wholes((axis) => (begin[axis] as number) + (size[axis] as number)),
    wholes((axis) => fileAxis(axis, order, shape.length)),
  ];
  return scope.give(order, scope.emit('Slice', inputs));
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
  if (sameShape(shape, from)) return scope.pass();
  const single = (lengths: readonly number[]) => lengths.length === 3 && lengths[2] === sizeOf(lengths);
  const x = scope.read(0, single(from) ? scope.order() : 'last');
  const order = single(shape) ? 'first' : 'last';
  return scope.give(order, scope.emit('Reshape', [x, scope.wholes([0, ...ordered(shape, order)])]));
}
