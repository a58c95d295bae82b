/**
 * In which order the axes of a value lie in memory: `order[j]` is the declared axis that is axis j of the memory. A value
 * declared [c, h, w] whose memory is [h, w, c] has the order [1, 2, 0].
 */
export type Order = readonly number[];

/** The declared order itself. */
export function natural(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

export function isNatural(order: Order): boolean {
  return order.every((axis, j) => axis === j);
}

/** The order of a value of `missing` axes fewer as one of full rank: axes of length 1 come first, as in NumPy. */
export function widened(order: Order, missing: number): number[] {
  return [...natural(missing), ...order.map((axis) => axis + missing)];
}

/** True where both orders describe the same memory: the axes longer than 1 follow each other in the same way. */
export function sameMemory(shape: readonly number[], a: Order, b: Order): boolean {
  const long = (axis: number): boolean => (shape[axis] as number) > 1;
  const others = b.filter(long);
  return a.filter(long).every((axis, j) => axis === others[j]);
}

/** The order with `axes` (in the given sequence) side by side, where the first of them lay. */
export function gathered(order: Order, axes: readonly number[]): number[] {
  const first = order.findIndex((axis) => axes.includes(axis));
  const rest = order.filter((axis) => !axes.includes(axis));
  return [...rest.slice(0, first), ...axes, ...rest.slice(first)];
}

/** The order that remains when axes vanish. */
export function without(order: Order, axes: readonly number[]): number[] {
  const rest = order.filter((axis) => !axes.includes(axis));
  return rest.map((axis) => axis - axes.filter((gone) => gone < axis).length);
}

/** Axes of a shape that become axes of another one: [c, h, w] -> [g, c / g, h w] has the groups c and h, w. */
export interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** The smallest groups of a reshape. Axes of length 1 are in none. */
export function groupsOf(from: readonly number[], to: readonly number[]): Group[] {
  const long = (shape: readonly number[]): number[] =>
    natural(shape.length).filter((axis) => (shape[axis] as number) > 1);
  const [sources, targets] = [long(from), long(to)];
  const groups: Group[] = [];
  for (let i = 0, j = 0; i < sources.length && j < targets.length; ) {
    const group = { from: [sources[i] as number], to: [targets[j] as number] };
    let p = from[sources[i++] as number] as number;
    let q = to[targets[j++] as number] as number;
    while (p !== q) {
      if (p < q) {
        group.from.push(sources[i] as number);
        p *= from[sources[i++] as number] as number;
      } else {
        group.to.push(targets[j] as number);
        q *= to[targets[j++] as number] as number;
      }
    }
    groups.push(group);
  }
  return groups;
}

/** The order of all axes of `shape`, given that of the longer ones: an axis of length 1 follows the one before it. */
export function completed(long: Order, shape: readonly number[]): number[] {
  const order = [...long];
  shape.forEach((length, axis) => {
    if (length === 1) order.splice(order.indexOf(axis - 1) + 1, 0, axis);
  });
  return order;
}
