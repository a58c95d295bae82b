import type { Node, Value } from '../graph/graph.js';
import type { CopyAttributes, MatmulAttributes } from '../ops/index.js';
import type { Attributes } from '../ops/op.js';
import { sizeOf } from '../tensor.js';
import {
  completed,
  gathered,
  groupsOf,
  isNatural,
  natural,
  type Order,
  sameMemory,
  widened,
  without,
} from './orders.js';
import type { Placement } from './placement.js';
import { isWish, permutation } from './wanted.js';

/** What a rule may ask and do. */
export interface Layout extends Placement {
  /** A value of the old graph. */
  value(id: number): Value;
  /** The order that the readers of a value would like best. */
  wanted(id: number): Order | undefined;
  /** The value in its declared order. */
  natural(id: number): number;
  /** Adds the node to the new graph; its outputs have the declared order unless told. */
  emit(
    node: Node,
    attributes: Attributes,
    inputs: readonly number[],
    orders?: readonly Order[],
    repeat?: number,
  ): void;
}

export type Rule = (node: Node, layout: Layout) => void;

/** Inputs and outputs in the declared order. */
const strict: Rule = (node, layout) => {
  layout.emit(node, node.attributes, node.inputs.map(layout.natural), undefined, node.repeat);
};

/** For nodes that work on items: their attributes do not count the axis of the items. */
const whole =
  (rule: Rule): Rule =>
  (node, layout) =>
    (node.repeat === undefined ? rule : strict)(node, layout);

/** One input in any order, the output in the same; attributes that name axes are rewritten. */
const kept =
  (rewrite: (attributes: Attributes, order: Order) => Attributes): Rule =>
  (node, layout) => {
    const [x, ...others] = node.inputs as [number, ...number[]];
    const { id, order } = layout.of(x);
    const inputs = [id, ...others.map(layout.natural)];
    layout.emit(node, rewrite(node.attributes, order), inputs, [order]);
  };

const oneAxis = whole(
  kept((attributes, order) => ({
    ...attributes,
    axis: order.indexOf((attributes as { axis: number }).axis),
  })),
);

/** Channels last in memory, all other axes in any order. */
const channelsLast: Rule = (node, layout) => {
  const [x, ...others] = node.inputs as [number, ...number[]];
  const { order } = layout.of(x);
  const last = order.length - 1;
  const ordered = [...order.filter((axis) => axis !== last), last];
  const inputs = [layout.bring(x, ordered), ...others.map(layout.natural)];
  layout.emit(node, node.attributes, inputs, node.op === 'batchstats' ? undefined : [ordered]);
};

/** A product with one matrix for all rows takes the rows as they lie; with one each, it demands their order. */
const matmul: Rule = (node, layout) => {
  const { shape, perSample } = layout.value(node.inputs[1] as number);
  const rows = shape.length === 2 && !perSample && !(node.attributes as MatmulAttributes).transposeA;
  (rows ? channelsLast : strict)(node, layout);
};

/** All operands in one order, which broadcasting needs. */
const elementwise: Rule = (node, layout) => {
  if (node.repeat !== undefined && !sameRank(node, layout)) {
    strict(node, layout);
    return;
  }
  const order = commonOrder(node, layout);
  // Operands of a lower rank may stay as they are where nothing is moved.
  const inputs = node.inputs.map((id) => (isNatural(order) ? layout.natural(id) : layout.bring(id, order)));
  layout.emit(node, node.attributes, inputs, [order]);
};

/** Items of one rank may be seen as one value; those of a lower rank would lose the axis that counts the items. */
function sameRank({ inputs, outputs }: Node, { value }: Layout): boolean {
  const rank = value(outputs[0] as number).shape.length;
  return inputs.map(value).every(({ perSample, shape }) => !perSample || shape.length === rank);
}

const concat = whole((node, layout) => {
  const order = commonOrder(node, layout);
  const { axis } = node.attributes as { axis: number };
  const inputs = node.inputs.map((id) => layout.bring(id, order));
  layout.emit(node, { axis: order.indexOf(axis) }, inputs, [order]);
});

/**
 * The order in which the fewest floats have to move; of equals the one that the readers want, then one that is not the
 * declared order, then that of the largest operand.
 */
function commonOrder(node: Node, { value, of, wanted }: Layout): Order {
  const output = node.outputs[0] as number;
  const rank = value(output).shape.length;
  const operands = node.inputs
    .filter((id) => !value(id).data)
    .map((id) => {
      const { shape } = value(id);
      const missing = rank - shape.length;
      return {
        shape: [...natural(missing).map(() => 1), ...shape],
        order: widened(of(id).order, missing),
        size: sizeOf(shape),
      };
    })
    .sort((a, b) => b.size - a.size);
  const cost = (order: Order): number =>
    operands.reduce((sum, own) => sum + (sameMemory(own.shape, own.order, order) ? 0 : own.size), 0);
  const wish = wanted(output);
  // A lone operand that has to move sooner or later moves before constants meet it: they may then join what follows.
  const [first] = operands;
  if (operands.length === 1 && first && isNatural(first.order) && isWish(wish)) return wish;
  const rated = operands.map(({ order }) => ({ order, cost: cost(order) }));
  const least = Math.min(...rated.map((one) => one.cost));
  const best = rated.filter((one) => one.cost === least).map(({ order }) => order);
  const liked = best.find((order) => wish && sameMemory(value(output).shape, order, wish));
  return liked ?? best.find((order) => !isNatural(order)) ?? natural(rank);
}

const copy: Rule = (node, layout) => {
  const attributes = node.attributes as CopyAttributes;
  const x = node.inputs[0] as number;
  const { id, order } = layout.of(x);
  if (attributes.kind === 'permute') {
    const axes = permutation(attributes.axes, node.repeat);
    layout.put(node.outputs[0] as number, { id, order: order.map((axis) => axes.indexOf(axis)) });
    return;
  }
  (perAxis[attributes.kind] ?? strict)(node, layout);
};

/** Copies with one entry per axis. */
const listed = (...names: readonly string[]): Rule =>
  whole(
    kept((attributes, order) => {
      const lists = attributes as Readonly<Record<string, readonly unknown[] | undefined>>;
      const moved = names
        .filter((name) => lists[name])
        .map((name) => [name, order.map((axis) => lists[name]?.[axis])]);
      return { ...attributes, ...Object.fromEntries(moved) };
    }),
  );

const expand: Rule = whole((node, layout) => {
  const [x, y] = [node.inputs[0] as number, node.outputs[0] as number];
  const { shape } = layout.value(y);
  const own = layout.of(x).order;
  const order = widened(own, shape.length - own.length);
  const lengths = order.map((axis) => shape[axis] as number);
  layout.emit(node, { kind: 'expand', shape: lengths }, [layout.bring(x, order)], [order]);
});

const perAxis: Readonly<Record<string, Rule | undefined>> = {
  pad: listed('pads'),
  slice: listed('begin', 'size', 'step'),
  tile: listed('repeats'),
  expand,
};

/** Axes that have to lie side by side; a first index of several axes counts them in their declared sequence. */
const neighbours = whole((node, layout) => {
  const x = node.inputs[0] as number;
  const attributes = node.attributes as { kind?: string; axes: readonly number[]; keepDims?: boolean };
  const { axes } = attributes;
  const own = layout.of(x).order;
  const sorted = axes.toSorted((a, b) => a - b);
  const sequence = attributes.kind?.startsWith('arg') ? sorted : own.filter((axis) => axes.includes(axis));
  const order = gathered(own, sequence);
  const inputs = [layout.bring(x, order)];
  const places = axes.map((axis) => order.indexOf(axis));
  const vanish = node.op === 'reduce' && !attributes.keepDims;
  layout.emit(node, { ...attributes, axes: places }, inputs, [vanish ? without(order, axes) : order]);
});

/**
 * The axes fall into groups that are split or merged. Where each group lies in memory as a reshape reads it, nothing
 * moves and the groups keep their places; else they are brought into that form once.
 */
const reshape: Rule = (node, layout) => {
  const [x, y] = [node.inputs[0] as number, node.outputs[0] as number];
  const [{ shape: from }, { shape: to }] = [layout.value(x), layout.value(y)];
  const { order } = layout.of(x);
  const wish = layout.wanted(y);
  const groups = groupsOf(from, to);
  const source = (sorted: typeof groups): number[] =>
    completed(
      sorted.flatMap((group) => group.from),
      from,
    );
  const at = (group: (typeof groups)[number]): number => order.indexOf(group.from[0] as number);
  const inPlace = groups.toSorted((a, b) => at(a) - at(b));
  let sorted = inPlace;
  if (!sameMemory(from, order, source(inPlace))) {
    const key = (group: (typeof groups)[number]): number =>
      wish ? wish.indexOf(group.to[0] as number) : order.indexOf(group.from.at(-1) as number);
    sorted = groups.toSorted((a, b) => key(a) - key(b));
  }
  const target = completed(
    sorted.flatMap((group) => group.to),
    to,
  );
  const moved = layout.bring(x, source(sorted));
  const id = layout.reshaped(
    moved,
    target.map((axis) => to[axis] as number),
  );
  layout.put(y, { id, order: target });
};

/** By op; those that are not here are strict: windows and whatever gives each axis a meaning. */
export const rules: Readonly<Record<string, Rule | undefined>> & { readonly strict: Rule } = {
  strict,
  unary: kept((attributes) => attributes),
  binary: elementwise,
  where: elementwise,
  concat,
  copy,
  reshape,
  matmul,
  scale: channelsLast,
  batchnorm: channelsLast,
  lrn: channelsLast,
  batchstats: channelsLast,
  softmax: oneAxis,
  resample: oneAxis,
  reduce: neighbours,
  normalize: neighbours,
};
