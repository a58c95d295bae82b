import type { Expected } from './bounds.js';

type Inputs = readonly Float32Array[];

const exact = (values: Float64Array): Expected => ({ values, magnitude: values.map(() => 0), terms: 0 });

export interface Matmul {
  readonly groups: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly ta: boolean;
  readonly tb: boolean;
}

/** y[g, i, j] = bias[j] + sum a[g, i, l] b[g, l, j], either factor stored transposed. */
export function matmul({ groups, m, k, n, ta, tb }: Matmul, [a, b, bias]: Inputs): Expected {
  const values = new Float64Array(groups * m * n);
  const magnitude = new Float64Array(groups * m * n);
  for (let g = 0; g < groups; g++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = bias ? (bias[j] as number) : 0;
        let size = Math.abs(sum);
        for (let l = 0; l < k; l++) {
          const left = a?.[g * m * k + (ta ? l * m + i : i * k + l)] as number;
          const right = b?.[g * k * n + (tb ? j * k + l : l * n + j)] as number;
          sum += left * right;
          size += Math.abs(left * right);
        }
        values[(g * m + i) * n + j] = sum;
        magnitude[(g * m + i) * n + j] = size;
      }
  return { values, magnitude, terms: k + 1 };
}

/** [outer, size, inner]: calls back with every row along `size`. */
function lines(
  x: Float32Array,
  outer: number,
  size: number,
  inner: number,
  each: (line: number[], write: (i: number, value: number) => void) => number,
): { reduced: Float64Array; mapped: Float64Array } {
  const reduced = new Float64Array(outer * inner);
  const mapped = new Float64Array(x.length);
  for (let o = 0; o < outer; o++)
    for (let j = 0; j < inner; j++) {
      const at = (i: number): number => (o * size + i) * inner + j;
      const line = Array.from({ length: size }, (_, i) => x[at(i)] as number);
      reduced[o * inner + j] = each(line, (i, value) => {
        mapped[at(i)] = value;
      });
    }
  return { reduced, mapped };
}

const sum = (line: readonly number[]): number => line.reduce((total, value) => total + value, 0);

/** The first place of the largest or smallest number, with `last` in the name the last one; NaN comes before all. */
function place(kind: string, line: readonly number[]): number {
  const extreme = kind.startsWith('argmax') ? Math.max(...line) : Math.min(...line);
  const found = (value: number): boolean => (Number.isNaN(extreme) ? Number.isNaN(value) : value === extreme);
  return kind.endsWith('last') ? line.findLastIndex(found) : line.findIndex(found);
}

export function reduce(kind: string, outer: number, size: number, inner: number, [x]: Inputs): Expected {
  const divisor = kind === 'mean' ? size : 1;
  const over = (f: (line: number[]) => number): Float64Array =>
    lines(x as Float32Array, outer, size, inner, f).reduced;
  if (kind === 'max') return exact(over((line) => Math.max(...line)));
  if (kind === 'min') return exact(over((line) => Math.min(...line)));
  if (kind.startsWith('arg')) return exact(over((line) => place(kind, line)));
  if (kind === 'product') {
    const values = over((line) => line.reduce((product, value) => product * value, 1));
    return { values, magnitude: values.map(Math.abs), terms: size };
  }
  const values = over((line) => sum(line) / divisor);
  return { values, magnitude: over((line) => sum(line.map(Math.abs)) / divisor), terms: size + 1 };
}

/** exp(x - max) / sum exp(x - max); `magnitude` carries the part of the error that grows with |x - max|. */
export function softmax(outer: number, size: number, inner: number, [x]: Inputs): Expected {
  const magnitude = new Float64Array(x?.length ?? 0);
  const { mapped } = lines(x as Float32Array, outer, size, inner, (line, write) => {
    const max = Math.max(...line);
    const powers = line.map((value) => Math.exp(value - max));
    const total = sum(powers);
    powers.forEach((power, i) => {
      write(i, power / total);
    });
    return 0;
  });
  lines(x as Float32Array, outer, size, inner, (line) => Math.max(...line)).reduced.forEach((max, row) => {
    const o = Math.floor(row / inner);
    for (let i = 0; i < size; i++) {
      const at = (o * size + i) * inner + (row % inner);
      magnitude[at] = (mapped[at] as number) * (1 + Math.abs((x?.[at] as number) - max) / (size + 8));
    }
  });
  return { values: mapped, magnitude, terms: size + 8 };
}

/** x - max - log(sum exp(x - max)); an error of the sum is an absolute one of the result. */
export function logSoftmax(outer: number, size: number, inner: number, [x]: Inputs): Expected {
  const over = (f: (shifted: number, log: number) => number): Float64Array =>
    lines(x as Float32Array, outer, size, inner, (line, write) => {
      const max = Math.max(...line);
      const log = Math.log(sum(line.map((value) => Math.exp(value - max))));
      line.forEach((value, i) => {
        write(i, f(value - max, log));
      });
      return 0;
    }).mapped;
  return {
    values: over((shifted, log) => shifted - log),
    magnitude: over((shifted, log) => 1 - shifted + log),
    terms: size + 8,
  };
}

/** Binary ops with broadcasting: `strides` in floats for each of `dims`, 0 where repeated. */
export function binary(
  kind: string,
  dims: readonly number[],
  aStrides: readonly number[],
  bStrides: readonly number[],
  [a, b]: Inputs,
): Expected {
  const values = new Float64Array(dims.reduce((size, dim) => size * dim, 1));
  const operate = binaries[kind] as (p: number, q: number) => number;
  values.forEach((_, flat) => {
    const [p, q] = [aStrides, bStrides].map((strides) => offset(flat, dims, strides));
    values[flat] = operate(a?.[p as number] as number, b?.[q as number] as number);
  });
  // One rounding, or two for a power.
  return { values, magnitude: values.map(Math.abs), terms: kind === 'power' ? 2 : 1 };
}

const binaries: Readonly<Record<string, (p: number, q: number) => number>> = {
  add: (p, q) => p + q,
  multiply: (p, q) => p * q,
  prelu: (p, q) => (p >= 0 ? p : p * q),
  subtract: (p, q) => p - q,
  divide: (p, q) => p / q,
  minimum: (p, q) => Math.min(p, q),
  maximum: (p, q) => Math.max(p, q),
  power: (p, q) => (p === 1 || (p === -1 && Math.abs(q) === Number.POSITIVE_INFINITY) ? 1 : p ** q),
  equal: (p, q) => Number(p === q),
  less: (p, q) => Number(p < q),
  lessequal: (p, q) => Number(p <= q),
  // The remainder moved to the side of the divisor.
  mod: (p, q) => (p % q !== 0 && Math.sign(p) === -Math.sign(q) ? (p % q) + q : p % q),
  fmod: (p, q) => p % q,
};

/** cond != 0 ? a : b with broadcasting, as in `binary`. */
export function where(dims: readonly number[], strides: readonly number[][], inputs: Inputs): Expected {
  const values = new Float64Array(dims.reduce((size, dim) => size * dim, 1));
  values.forEach((_, flat) => {
    const [c, p, q] = inputs.map((input, i) => input[offset(flat, dims, strides[i] as number[])] as number);
    values[flat] = (c === 0 ? q : p) as number;
  });
  return exact(values);
}

/** Where the flat index of `dims` lies under other strides. */
export function offset(flat: number, dims: readonly number[], strides: readonly number[]): number {
  let rest = flat;
  let at = 0;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    at += (rest % (dims[axis] as number)) * (strides[axis] as number);
    rest = Math.floor(rest / (dims[axis] as number));
  }
  return at;
}

/** x * scale[c] + shift[c] */
export function scale(c: number, [x, factor, shift]: Inputs): Expected {
  const products = Float64Array.from(x as Float32Array, (value, i) => value * (factor?.[i % c] as number));
  const offsets = products.map((_, i) => shift?.[i % c] as number);
  const values = products.map((product, i) => product + (offsets[i] as number));
  const magnitude = products.map((product, i) => Math.abs(product) + Math.abs(offsets[i] as number));
  return { values, magnitude, terms: 2 };
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta; the terms are those of the form x s + (beta - mean s). */
export function batchnorm(c: number, epsilon: number, [x, mean, variance, gamma, beta]: Inputs): Expected {
  const of = (i: number): { s: number; m: number; b: number } => ({
    s: (gamma?.[i % c] as number) / Math.sqrt((variance?.[i % c] as number) + epsilon),
    m: mean?.[i % c] as number,
    b: beta?.[i % c] as number,
  });
  const all = Float64Array.from(x as Float32Array);
  const values = all.map((value, i) => (value - of(i).m) * of(i).s + of(i).b);
  const magnitude = all.map((value, i) => {
    const { s, m, b } = of(i);
    return Math.abs(value * s) + Math.abs(m * s) + Math.abs(b);
  });
  return { values, magnitude, terms: 6 };
}

/** Mean and population variance per channel over all rows (of all samples). */
export function batchstats(c: number, x: Float32Array): { mean: Expected; variance: Expected } {
  const rows = x.length / c;
  const column = (i: number): number[] => Array.from({ length: rows }, (_, row) => x[row * c + i] as number);
  const columns = Array.from({ length: c }, (_, i) => column(i));
  const means = columns.map((values) => sum(values) / rows);
  const sizes = columns.map((values) => sum(values.map(Math.abs)) / rows);
  const variances = columns.map(
    (values, i) => sum(values.map((v) => (v - (means[i] as number)) ** 2)) / rows,
  );
  // The square of the mean's own error adds to the variance's.
  const slack = sizes.map((size) => 2 * rows * 2 ** -24 * size ** 2);
  return {
    mean: { values: Float64Array.from(means), magnitude: Float64Array.from(sizes), terms: rows + 1 },
    variance: {
      values: Float64Array.from(variances),
      magnitude: Float64Array.from(variances, (v, i) => v + (slack[i] as number)),
      terms: rows + 3,
    },
  };
}
