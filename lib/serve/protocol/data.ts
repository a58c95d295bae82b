import { show } from '../../errors.js';
import { isList } from '../../options.js';
import { showShape, sizeOf } from '../../tensor.js';
import { refuse } from '../refusal.js';
import type { Datatype } from './datatypes.js';

type Items = readonly unknown[];

/**
 * The numbers of an input's `data`, flat or nested as its shape says, in row-major order.
 * Throws a Refusal (400) that names the index of the first element that is none.
 */
export function readData(
  who: string,
  datatype: Datatype,
  shape: readonly number[],
  data: unknown,
): ReturnType<Datatype['make']> {
  if (!isList(data)) return refuse(`${who}: expected data to be an array, got ${show(data)}`);
  const lengths = shape.length > 1 && isList(data[0]) ? shape : [sizeOf(shape)];
  // Before memory is taken: a few bytes may claim any shape.
  const rows: Items[] = [];
  collectRows(who, lengths, data, [], rows);
  const to = datatype.make(sizeOf(shape));
  let at = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i++, at++) {
      if (!datatype.put(to, at, row[i])) {
        refuse(`${who}: expected data[${at}] to be ${datatype.rule}, got ${show(row[i])}`);
      }
    }
  }
  return to;
}

/**
 * Appends the innermost arrays to `rows`, in their order; a Refusal where one is no array or not of its length.
 * `path` are the indices that led to `items`.
 */
function collectRows(
  who: string,
  lengths: readonly number[],
  items: Items,
  path: number[],
  rows: Items[],
): void {
  const level = path.length;
  const length = lengths[level] as number;
  const innermost = level === lengths.length - 1;
  const place = (): string => `data${path.map((index) => `[${index}]`).join('')}`;
  if (items.length !== length) {
    const rest = innermost ? 'elements' : `arrays of ${showShape(lengths.slice(level + 1))}`;
    refuse(`${who}: expected ${length} ${rest} in ${place()}, got ${items.length}`);
  }
  if (innermost) {
    rows.push(items);
    return;
  }
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    path.push(i);
    if (!isList(item)) refuse(`${who}: expected ${place()} to be an array, got ${show(item)}`);
    collectRows(who, lengths, item as Items, path, rows);
    path.pop();
  }
}
