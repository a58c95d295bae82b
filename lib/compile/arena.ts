/** A value that needs memory from step `first` (where it is written) to step `last` (where it is read last). */
export interface Lifetime {
  readonly id: number;
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

export interface Arena {
  readonly size: number;
  readonly offsets: ReadonlyMap<number, number>;
}

interface Interval {
  readonly begin: number;
  readonly end: number;
}

/** Floats in 64 bytes: one cache line, and the widest vector. */
const alignment = 16;

/** Up to here every value is compared with every other; that takes a quarter of a second at most. */
const fewValues = 2000;

/** Offsets in one memory such that values alive at the same step never overlap. */
export function arena(lifetimes: readonly Lifetime[]): Arena {
  const sizes = lifetimes.map((value) => ({ ...value, size: Math.ceil(value.size / alignment) * alignment }));
  const offsets = sizes.length <= fewValues ? bySize(sizes) : byTime(sizes);
  const size = sizes.reduce((end, value) => Math.max(end, (offsets.get(value.id) as number) + value.size), 0);
  return { size, offsets };
}

/**
 * The biggest value first, each into the smallest gap that holds it between those placed before that live at the same
 * time (Pisarchyk and Lee, arXiv 2001.03288).
 */
function bySize(lifetimes: readonly Lifetime[]): Map<number, number> {
  const offsets = new Map<number, number>();
  const placed: (Lifetime & Interval)[] = [];
  for (const value of lifetimes.toSorted((a, b) => b.size - a.size || a.first - b.first)) {
    const beside = placed.filter((other) => other.first <= value.last && value.first <= other.last);
    const gaps: Interval[] = [];
    let top = 0;
    for (const other of beside.sort((a, b) => a.begin - b.begin)) {
      gaps.push({ begin: top, end: other.begin });
      top = Math.max(top, other.end);
    }
    const begin = (smallest(gaps, value.size) ?? { begin: top }).begin;
    offsets.set(value.id, begin);
    placed.push({ ...value, begin, end: begin + value.size });
  }
  return offsets;
}

/** In the order of the steps, each into the smallest hole that dead values have left: quick, and nearly as tight. */
function byTime(lifetimes: readonly Lifetime[]): Map<number, number> {
  const offsets = new Map<number, number>();
  const dying: Interval[][] = [];
  let holes: Interval[] = [];
  let top = 0;
  let now = 0;
  for (const { id, size, first, last } of lifetimes.toSorted((a, b) => a.first - b.first)) {
    for (; now < first; now++) if (dying[now]) holes = merged([...holes, ...(dying[now] as Interval[])]);
    const hole = smallest(holes, size);
    const begin = hole?.begin ?? top;
    if (hole) holes = [...holes.filter((other) => other !== hole), { begin: begin + size, end: hole.end }];
    else top += size;
    offsets.set(id, begin);
    dying[last] ??= [];
    dying[last].push({ begin, end: begin + size });
  }
  return offsets;
}

function smallest(gaps: readonly Interval[], size: number): Interval | undefined {
  const fitting = gaps.filter(({ begin, end }) => end - begin >= size);
  return fitting.reduce<Interval | undefined>(
    (best, gap) => (best && best.end - best.begin <= gap.end - gap.begin ? best : gap),
    undefined,
  );
}

/** Holes that touch become one; empty ones vanish. */
function merged(holes: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const hole of holes.toSorted((a, b) => a.begin - b.begin)) {
    const before = result.at(-1);
    if (before?.end === hole.begin) result[result.length - 1] = { begin: before.begin, end: hole.end };
    else if (hole.end > hole.begin) result.push(hole);
  }
  return result;
}
