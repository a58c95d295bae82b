import { expect } from 'vitest';

/** Floats on either side of a buffer: more than the widest vector. */
const fence = 40;
const sentinel = -12345.678;

/** The data between fences of NaN, not at the start of its buffer: a kernel that reads outside spoils its answer. */
export function fenced(data: ArrayLike<number>): Float32Array {
  const whole = new Float32Array(data.length + 2 * fence).fill(Number.NaN);
  const view = whole.subarray(fence, fence + data.length);
  view.set(data);
  return view;
}

/** An output full of NaN between sentinels; `check` finds a write outside. */
export function guarded(size: number): { view: Float32Array; check(): void } {
  const whole = new Float32Array(size + 2 * fence).fill(sentinel);
  const view = whole.subarray(fence, fence + size).fill(Number.NaN);
  const mark = Math.fround(sentinel);
  return {
    view,
    check() {
      const outside = [...whole.subarray(0, fence), ...whole.subarray(fence + size)];
      const touched = outside.findIndex((value) => value !== mark);
      expect(touched, 'position of a write outside the output (-1: none)').toBe(-1);
    },
  };
}
