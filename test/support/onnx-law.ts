import { test } from 'vitest';
import type { Known } from './internals.js';
import { expectSame, type FileParts, fileOf, run } from './onnx-graph.js';

/** Two graphs over the same input `x` that have the same output. */
export interface Law {
  readonly x: Known;
  readonly given: FileParts;
  readonly same: FileParts;
}

export type Laws = Readonly<Record<string, Law>>;

/** A test of each law, with the batch fixed and with a free one. */
export function checkLaws(laws: Laws): void {
  test.each(Object.entries(laws))('%s', (_, { x, given, same }) => {
    const [wanted] = run(fileOf(same), 'whole', { x });
    expectSame(run(fileOf(given), 'whole', { x })[0], wanted);
    expectSame(run(fileOf(given), 'batched', { x })[0], wanted);
  });
}
