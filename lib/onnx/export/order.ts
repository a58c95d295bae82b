/**
 * In which order a value of the graph stands in the file: 'last' as in the graph, behind the batch; 'first' is for images
 * only, [n, c, h, w], the order in which ONNX has its windows.
 */
export type Order = 'last' | 'first';

/** The sample's axes as they follow one another in the file. */
export function axesIn(order: Order, rank: number): readonly number[] {
  return order === 'first' && rank === 3 ? [2, 0, 1] : Array.from({ length: rank }, (_, axis) => axis);
}

/** One item for each axis of a sample, as they follow one another in the file. */
export function ordered<T>(items: readonly T[], order: Order): T[] {
  return axesIn(order, items.length).map((axis) => items[axis] as T);
}

/** The file's axis, batch counted, of an axis of the sample. */
export function fileAxis(axis: number, order: Order, rank: number): number {
  return axesIn(order, rank).indexOf(axis) + 1;
}
