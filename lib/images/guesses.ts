/** One class and how likely it is. */
export interface Guess {
  readonly index: number;
  readonly label: string;
  readonly probability: number;
}

/** Values that are no probabilities yet (a net that ends without softmax) become some. */
function probabilities(values: Float32Array): Float32Array {
  const sum = values.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) < 1e-3 && values.every((value) => value >= 0)) return values;
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / total);
}

/** The likeliest classes, first the best. */
export function best(values: Float32Array, count: number, labels: readonly string[]): Guess[] {
  const shares = probabilities(values);
  const order = Array.from(shares.keys()).sort((a, b) => shares[b] - shares[a] || a - b);
  return order
    .slice(0, count)
    .map((index) => ({ index, label: labels[index] ?? String(index), probability: shares[index] }));
}
