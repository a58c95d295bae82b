/**
 * The engine's float64 memory, one per thread: kernels run one after the other and leave nothing here.
 * Sums are kept in float64 and rounded to float32 once. The arrays are constants of the module because V8 then compiles
 * their addresses and lengths into the loops, which more than doubles the speed of a matrix product; a module that
 * uses one gives it a name of its own (`const sums = workspace.sums`) for the same reason. They share one buffer, so
 * that a loop checks once whether it is still there.
 */
export const sizes = {
  /** Left factor of a block of a matrix product: with the sums it stays in a second-level cache. */
  rows: 32768,
  /** Sums of a block; also the unit in which elementwise kernels work. */
  sums: 32768,
  /** Summands at a time: three columns and two rows of them stay in a first-level cache. */
  depth: 640,
} as const;

const buffer = new ArrayBuffer(8 * (sizes.rows + sizes.sums + 3 * sizes.depth));
const column = (index: number): Float64Array =>
  new Float64Array(buffer, 8 * (sizes.rows + sizes.sums + index * sizes.depth), sizes.depth);

export const workspace = {
  rows: new Float64Array(buffer, 0, sizes.rows),
  sums: new Float64Array(buffer, 8 * sizes.rows, sizes.sums),
  columns: [column(0), column(1), column(2)] as const,
} as const;
