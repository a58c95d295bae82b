/** How operands of up to six axes are read along their common shape, as a plan records it. */
export interface Layout {
  readonly dims: readonly number[];
  readonly strides: readonly number[][];
  /** Floats of each operand. */
  readonly sizes: readonly number[];
  /** Floats of the output. */
  readonly size: number;
  /** Geometry fields: d0 to d5, then those of each operand under its letter. */
  readonly fields: Readonly<Record<string, number>>;
}

const rank = 6;
const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** Row-major strides, 0 where an axis of length 1 is repeated. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((length, i) => (length === 1 ? 0 : product(shape.slice(i + 1))));
}

export function layout(letters: string, shapes: readonly (readonly number[])[]): Layout {
  const whole = shapes.map((shape) => [...Array<number>(rank - shape.length).fill(1), ...shape]);
  const dims = Array.from({ length: rank }, (_, i) => Math.max(...whole.map((shape) => shape[i] as number)));
  const strides = whole.map(stridesOf);
  const named = (letter: string, values: readonly number[]) =>
    values.map((value, i): [string, number] => [`${letter}${i}`, value]);
  const operands = [...letters].flatMap((letter, i) => named(letter, strides[i] as number[]));
  return {
    dims,
    strides,
    sizes: shapes.map(product),
    size: product(dims),
    fields: Object.fromEntries([...named('d', dims), ...operands]),
  };
}
