import { ShapeError } from '../errors.js';
import { elements } from '../geometry.js';
import { listed } from './check.js';
import type { Shaped } from './op.js';
import { collapsed, rowMajor, type Strided } from './strided.js';

/**
 * The shape to which all operands broadcast as in NumPy, and whether it is one per sample. A shared operand has no more
 * axes than a sample one, for its first would lie along the batch.
 */
export function broadcast(operands: readonly Shaped[]): Shaped {
  for (const { shape } of operands) elements(shape);
  const samples = operands.filter(({ perSample }) => perSample);
  const rank = rankOf(samples);
  for (const { shape, perSample } of operands) {
    if (perSample || samples.length === 0 || shape.length <= rank) continue;
    const longest = samples.find((sample) => sample.shape.length === rank) as Shaped;
    throw new ShapeError(
      `expected shared values of at most ${rank} axes, got ${listed(shape)} for samples ${listed(longest.shape)}`,
    );
  }
  return { shape: common(operands), perSample: samples.length > 0 };
}

function rankOf(operands: readonly Shaped[]): number {
  return Math.max(0, ...operands.map(({ shape }) => shape.length));
}

function common(operands: readonly Shaped[]): number[] {
  const rank = rankOf(operands);
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = operands.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
    const longest = Math.max(...lengths);
    if (lengths.every((length) => length === longest || length === 1)) return longest;
    const shapes = operands.map(({ shape }) => listed(shape));
    throw new ShapeError(
      `expected shapes that broadcast, got ${shapes.slice(0, -1).join(', ')} and ${shapes.at(-1)}`,
    );
  });
}

/** How all operands are read along the output; stride 0 repeats. */
export function walk(shape: readonly number[], operands: readonly Shaped[]): Strided {
  const strides = operands.map((operand) => {
    const steps = rowMajor(operand.shape);
    const missing = shape.length - operand.shape.length;
    return shape.map((_, axis) =>
      (operand.shape[axis - missing] ?? 1) === 1 ? 0 : (steps[axis - missing] as number),
    );
  });
  return collapsed({ lengths: shape, strides });
}
